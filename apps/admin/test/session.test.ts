/** What a viewer sees and cannot do, that what cannot be undone asks for more, and that no page is left open to others. */
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { beforeAll, expect, it } from "vitest"
import { chromiumPath, moveTo, signIn, watchFaults } from "./browser.ts"
import { password } from "./hubWorld.ts"
import { useOwner, usePages } from "./pageWorld.ts"
import { screenPaths } from "./screenPaths.ts"

interface Stands {
  readonly peer: string
  readonly state: string
}

const otherPassword = "another long password"
const world = usePages()
const owner = useOwner(world)

beforeAll(async () => {
  if (chromiumPath === undefined) return
  await owner.page.context().grantPermissions(["clipboard-read", "clipboard-write"])
  await world.hub.door("PUT", "/entities/task/t1", { fields: { title: "Milk" } })
}, 60_000)

it(
  "[UI-16] an account is made by a link, and a viewer sees what there is and can change nothing",
  { timeout: 120_000 },
  async () => {
    await owner.page.goto(`${world.hub.url}/accounts`)
    await owner.page.getByRole("textbox", { name: "Name" }).fill("vera")
    await owner.page.getByRole("button", { name: "Make the account" }).click()
    const link = await owner.page.locator("[data-shown-once] code").innerText()
    const vera = await world.newPage()
    const seen = watchFaults(vera.context())
    await vera.goto(link)
    await vera.getByRole("textbox", { name: "Password", exact: true }).fill(otherPassword)
    await vera.getByRole("textbox", { name: "Password again" }).fill(otherPassword)
    await vera.getByRole("button", { name: "Go on" }).click()
    await vera.getByRole("heading", { level: 1, name: "Overview" }).waitFor()
    const records: Array<string> = []
    const isOfRecords = /\/api\/v1\/(types|entities|conflicts|quarantine|receipts|stats)/
    vera.on("request", (request) => isOfRecords.test(request.url()) && records.push(request.url()))
    for (const path of ["/", "/data/task", "/conflicts", "/quarantine", "/receipts"]) {
      await moveTo(vera, path)
      await vera.getByText("acts as no member of the team").first().waitFor()
    }
    expect(records).toEqual([])
    await world.hub.door("POST", "/members", { id: "vera", name: "Vera", role: "readonly", teams: [] })
    const { items } = await world.hub.door<{
      readonly items: ReadonlyArray<{ readonly id: string; readonly name: string }>
    }>("GET", "/accounts")
    await world.hub.door("PATCH", `/accounts/${items.find(({ name }) => name === "vera")!.id}`, { member: "vera" })
    // Another member ends what was open of the account, and the page is led to the sign-in by itself.
    await vera.getByRole("heading", { name: "Sign in" }).waitFor()
    await signIn(vera, world.hub.url, "vera", otherPassword)
    const asked: Array<string> = []
    vera.on("request", (request) => {
      if (request.url().includes("/api/v1/") && request.method() !== "GET")
        asked.push(`${request.method()} ${request.url()}`)
    })
    for (const [path, name] of [
      ["/data/task", "New record"],
      ["/data/task/t1", "Change"],
      ["/data/task/t1", "Delete"],
      ["/routes", "Add"],
      ["/pairing", "Make a code"],
      ["/backups", "Back up now"],
      ["/peers", "Sync all now"],
      ["/settings?tab=running", "Stop all links"]
    ] as const) {
      await moveTo(vera, path)
      const button = vera.getByRole("button", { name, exact: true }).first()
      await button.waitFor()
      expect([path, await button.isDisabled()]).toEqual([path, true])
    }
    await expect.poll(() => vera.getByRole("navigation").getByText("Admins and sessions").count()).toBe(0)
    await vera.goto(`${world.hub.url}/accounts`)
    await vera.getByText("You may not see this").first().waitFor()
    expect(await vera.getByRole("button", { name: "Make the account" }).isDisabled()).toBe(true)
    expect(asked).toEqual([])
    expect(seen.faults).toEqual([])
    await vera.context().close()
  }
)

it(
  "[UI-17] what cannot be undone waits for a word, and for a sign-in that is not old",
  { timeout: 120_000 },
  async () => {
    await world.hub.door("POST", "/backups")
    await owner.page.goto(`${world.hub.url}/backups`)
    const row = owner.page.locator("[data-backup]")
    await row.waitFor()
    // As the hub answers whoever signed in more than ten minutes ago.
    const again = {
      type: "about:blank",
      title: "Unauthorized",
      status: 401,
      code: "SignInAgain",
      detail: "sign in again first",
      instance: "urn:uuid:0"
    }
    await owner.page.route(
      /\/backups\/[^/]+$/,
      (route) => route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify(again) }),
      { times: 1 }
    )
    await row.getByRole("button", { name: "Remove", exact: true }).click()
    const dialog = owner.page.getByRole("dialog")
    await dialog.getByLabel("Type remove to go on").fill("remov")
    expect(await dialog.getByRole("button", { name: "Remove" }).isDisabled()).toBe(true)
    await dialog.getByLabel("Type remove to go on").fill("remove")
    await dialog.getByRole("button", { name: "Remove" }).click()
    const proof = owner.page.getByRole("dialog", { name: "Sign in again" })
    await proof.getByLabel("Password of olga").fill("not this one at all")
    await proof.getByRole("button", { name: "Go on" }).click()
    await proof.getByText("do not sign in here").waitFor()
    await proof.getByLabel("Password of olga").fill(password)
    await proof.getByRole("button", { name: "Go on" }).click()
    await row.waitFor({ state: "detached" })
    expect((await world.hub.door<{ readonly backups: ReadonlyArray<unknown> }>("GET", "/backups")).backups).toEqual([])
  }
)

it("[UI-18] copies what somebody would type, and that does the same", { timeout: 120_000 }, async () => {
  await owner.page.goto(`${world.hub.url}/tokens`)
  await owner.page.getByLabel("What it is for").fill("terminal")
  for (const box of await owner.page.getByRole("checkbox").all()) await box.check()
  await owner.page.getByRole("button", { name: "Make the token" }).click()
  const secret = await owner.page.locator("[data-shown-once] code").first().innerText()
  await owner.page.goto(`${world.hub.url}/data/task/t1`)
  await owner.page.locator("[data-field=title]").getByRole("button", { name: "Change" }).click()
  const dialog = owner.page.getByRole("dialog")
  await dialog.getByLabel("Value").fill(`"it's \\"bread\\" & $HOME"`)
  await dialog.getByRole("button", { name: "Copy as syncline command" }).click()
  const text = await owner.page.evaluate(() => navigator.clipboard.readText())
  expect(text).toMatch(/^syncline hub entities\.patch task t1 --set /)
  writeFileSync(world.hub.pathIn("token"), `${secret}\n`)
  // The shell's part: words and their quotes.
  const words = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${text.replace(/^syncline /, "")}`], {
    timeout: 10_000
  }).toString()
  await world.hub.command(...words.split("\0").slice(0, -1))
  await expect
    .poll(() => world.hub.door<{ readonly fields: object }>("GET", "/entities/task/t1"))
    .toMatchObject({ fields: { title: `it's "bread" & $HOME` } })
  // And it shows without reload.
  await owner.page.keyboard.press("Escape")
  await owner.page.locator("[data-field=title]").getByText("bread").waitFor()
})

it(
  "[UI-19] Ctrl-K leads to any screen, record type and member by the keyboard alone",
  { timeout: 60_000 },
  async () => {
    await owner.page.goto(world.hub.url)
    await owner.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor()
    await owner.page.keyboard.press("Control+k")
    await owner.page.getByPlaceholder("Screens, peers, members, types").fill("quaran")
    await owner.page.keyboard.press("ArrowDown")
    await owner.page.keyboard.press("Enter")
    await owner.page.getByRole("heading", { level: 1, name: "Quarantine" }).waitFor()
    await owner.page.keyboard.press("Control+k")
    await owner.page.getByPlaceholder("Screens, peers, members, types").fill("task")
    await owner.page.getByRole("button", { name: "task" }).waitFor()
    await owner.page.keyboard.press("ArrowDown")
    await owner.page.keyboard.press("Enter")
    await owner.page.getByRole("heading", { level: 1, name: "task" }).waitFor()
    expect(new URL(owner.page.url()).pathname).toBe("/data/task")
    await world.hub.door("POST", "/members", { id: "bea", name: "Beatrix", role: "member", teams: [] })
    await owner.page.keyboard.press("Control+k")
    await owner.page.getByPlaceholder("Screens, peers, members, types").fill("beatr")
    await owner.page.getByRole("button", { name: "Beatrix" }).waitFor()
    await owner.page.keyboard.press("ArrowDown")
    await owner.page.keyboard.press("Enter")
    await owner.page.getByRole("heading", { level: 1, name: "Beatrix" }).waitFor()
  }
)

it(
  "[UI-22] several peers are chosen, paused and resumed, and what is looked for stands in the address",
  { timeout: 60_000 },
  async () => {
    const peers: Array<string> = []
    for (const name of ["one", "two-x", "three-x"]) {
      const shown = await world.hub.command("init", "--data", world.hub.pathIn(name), "--hub", world.hub.url)
      peers.push(/12D3Koo\w+/.exec(shown)![0])
      await world.hub.door("POST", "/devices", { member: "owner", peer: peers.at(-1), name })
      await world.hub.command("sync", "--data", world.hub.pathIn(name))
    }
    await owner.page.goto(`${world.hub.url}/peers`)
    await owner.page.getByLabel("Find").fill("-x")
    await owner.page.getByText("2 of 3 peers").waitFor()
    await expect.poll(() => new URL(owner.page.url()).search).toBe("?text=-x")
    await owner.page.reload()
    await owner.page.getByText("2 of 3 peers").waitFor()
    await owner.page.getByLabel("Choose two-x").check()
    await owner.page.getByLabel("Choose three-x").check()
    await owner.page.getByRole("button", { name: "Pause them" }).click()
    await expect.poll(() => owner.page.getByRole("table").getByText("paused").count()).toBe(2)
    const paused = async (): Promise<ReadonlyArray<boolean>> => {
      const { items } = await world.hub.door<{ readonly items: ReadonlyArray<Stands> }>("GET", "/peers")
      return peers.map((peer) => items.find((each) => each.peer === peer)!.state === "paused")
    }
    expect(await paused()).toEqual([false, true, true])
    await owner.page.getByLabel("Choose three-x").check()
    await owner.page.getByRole("button", { name: "Resume them" }).click()
    await expect.poll(paused).toEqual([false, true, false])
    // One that is not there, or did not come, has its screen's name all the same.
    await moveTo(owner.page, "/peers/nobody")
    await owner.page.locator("[data-state=error]").waitFor()
    expect(await owner.page.getByRole("heading", { level: 1 }).allInnerTexts()).toEqual(["nobody"])
  }
)

it(
  "[UI-51] [UI-22] what is looked for is typed at the caret, and the address follows and leads back",
  {
    timeout: 60_000
  },
  async () => {
    const { page } = owner
    for (const [path, label] of [
      ["/team", "Find"],
      ["/peers", "Find"],
      ["/live", "Peer"]
    ] as const) {
      await moveTo(page, path)
      const field = page.getByRole("textbox", { name: label, exact: true })
      await field.pressSequentially("abcdef")
      await field.press("Home")
      await field.pressSequentially("XYZ")
      expect([path, await field.inputValue()]).toEqual([path, "XYZabcdef"])
      await expect
        .poll(() => new URL(page.url()).searchParams.get(path === "/live" ? "peer" : "text"))
        .toBe("XYZabcdef")
    }
    await moveTo(page, "/peers?text=one")
    await moveTo(page, "/peers?text=two")
    await page.goBack()
    await expect.poll(() => page.getByLabel("Find").inputValue()).toBe("one")
    await page.goForward()
    await expect.poll(() => page.getByLabel("Find").inputValue()).toBe("two")
    // The audit's fields are typed before they are looked for.
    await moveTo(page, "/audit")
    const rule = page.getByRole("textbox", { name: "Rule" })
    await rule.fill("charter/*")
    await page.getByLabel("Refused only").check()
    await expect.poll(() => new URL(page.url()).searchParams.get("denied")).toBe("true")
    expect(await rule.inputValue()).toBe("charter/*")
    const from = page.getByLabel("From")
    await from.focus()
    await page.keyboard.type("11232026")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.type("0930AM")
    const typed = await page.evaluate(() => String(new Date("2026-11-23T09:30").getTime()))
    await expect.poll(() => new URL(page.url()).searchParams.get("from")).toBe(typed)
    expect([await from.inputValue(), await from.evaluate((field) => field === document.activeElement)]).toEqual([
      "2026-11-23T09:30",
      true
    ])
  }
)

it(
  "[UI-22] [UI-23] what is open and how a table is sorted stand in the address; times are reached by the keyboard",
  {
    timeout: 60_000
  },
  async () => {
    const { page } = owner
    await moveTo(page, "/audit")
    const rows = page.getByRole("table").getByRole("row")
    await rows.nth(1).getByRole("button").click()
    await page.getByRole("dialog", { name: "A decision" }).waitFor()
    const number = new URL(page.url()).searchParams.get("entry")
    await page.goto(`${world.hub.url}/audit?rule=nothing&entry=${number}`)
    await page.getByRole("dialog", { name: "A decision" }).getByText("Policy version").waitFor()
    await page.goBack()
    await page.goBack()
    await page.getByRole("dialog").waitFor({ state: "detached" })
    for (const name of ["Ada", "Zoe"]) await world.hub.door("POST", "/members", { name, role: "member", teams: [] })
    await moveTo(page, "/team?sort=-name")
    const names = async (): Promise<ReadonlyArray<string>> =>
      (await page.getByRole("table", { name: "Members" }).getByRole("link").allInnerTexts()).map((text) => text.trim())
    await expect.poll(async () => (await names()).length).toBeGreaterThan(2)
    expect(await names()).toEqual((await names()).toSorted((a, b) => b.localeCompare(a)))
    await page.getByRole("columnheader", { name: "Id" }).getByRole("button").click()
    await expect.poll(() => new URL(page.url()).searchParams.get("sort")).toBe("id")
    // The links as a table, two versions of the policy, what restoring a backup would do.
    await moveTo(page, "/live?links=table")
    await page.getByRole("table", { name: "Links of the hub" }).waitFor()
    await page.getByText("Map", { exact: true }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get("links")).toBe("map")
    const text = readFileSync(new URL("../../../docs/snippets/policy.yaml", import.meta.url), "utf8")
    for (const team of ["north", "south"]) await world.hub.door("PUT", `/teams/${team}`, { name: team })
    for (const each of [text, `${text}# again\n`]) await world.hub.door("POST", "/policy/apply", { text: each })
    const { versions } = await world.hub.door<{ readonly versions: ReadonlyArray<{ readonly version: number }> }>(
      "GET",
      "/policy/versions"
    )
    const [newest, older] = versions.map(({ version }) => version)
    await moveTo(page, `/policy?tab=versions&left=${newest}&right=${newest}`)
    await page.getByText("They are the same.").waitFor()
    await page.getByRole("combobox", { name: "From" }).click()
    await page.getByRole("option", { name: `version ${older}` }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get("left")).toBe(String(older))
    await page.getByText("They are the same.").waitFor({ state: "detached" })
    await moveTo(page, "/backups")
    await page.getByRole("button", { name: "Back up now" }).first().click()
    await page.getByRole("button", { name: "Restore…" }).click()
    await page.getByText("Nothing is changed from here.").waitFor()
    await page.reload()
    await page.getByText("Nothing is changed from here.").waitFor()
    await moveTo(page, "/audit")
    const time = rows.nth(1).getByRole("time")
    await page.getByRole("table").focus()
    await page.keyboard.press("Tab")
    expect(await time.evaluate((element) => element === document.activeElement)).toBe(true)
    await page
      .getByRole("tooltip")
      .getByText(/20\d\d/)
      .waitFor()
  }
)

it(
  "[UI-20] nobody who is not signed in is shown anything, and no address leads elsewhere",
  { timeout: 60_000 },
  async () => {
    const stranger = await world.newPage()
    await stranger.goto(`${world.hub.url}${screenPaths[1]}`)
    await stranger.getByRole("heading", { name: "Sign in" }).waitFor()
    for (const path of screenPaths) {
      await moveTo(stranger, path)
      await expect.poll(() => new URL(stranger.url()).searchParams.get("next")).toBe(path)
      const [title, menu] = [stranger.getByRole("heading"), stranger.getByRole("navigation")]
      expect([path, await title.allInnerTexts(), await menu.count()]).toEqual([path, ["Sign in"], 0])
    }
    for (const next of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]) {
      await stranger.goto(`${world.hub.url}/sign-in?next=${encodeURIComponent(next)}`)
      await stranger.getByLabel("Name").fill("olga")
      await stranger.getByRole("textbox", { name: "Password" }).fill(password)
      await stranger.getByRole("button", { name: "Sign in", exact: true }).click()
      await stranger.getByRole("heading", { level: 1, name: "Overview" }).waitFor()
      expect(new URL(stranger.url()).origin).toBe(world.hub.url)
      await stranger.context().clearCookies()
    }
    // Another service leads back to the beginning; from there one comes to where one was, once.
    await stranger.goto(`${world.hub.url}/sign-in`)
    await stranger.evaluate(() => sessionStorage.setItem("syncline-next", "/settings?tab=doctor"))
    const body = JSON.stringify({ name: "olga", password })
    await stranger.evaluate(
      (sent) =>
        fetch("/api/v1/session", { method: "POST", body: sent, headers: { "content-type": "application/json" } }),
      body
    )
    await stranger.goto(`${world.hub.url}/`)
    await stranger.waitForURL(`${world.hub.url}/settings?tab=doctor`)
    await stranger.goto(`${world.hub.url}/`)
    await stranger.getByRole("heading", { level: 1, name: "Overview" }).waitFor()
    await stranger.context().clearCookies()
    // Nor does one put words into the hub's mouth.
    await stranger.goto(`${world.hub.url}/sign-in?refused=OidcUnreachable&problem=Call+555`)
    expect(await stranger.getByRole("alert").innerText()).toContain("The other service does not answer.")
    await stranger.goto(`${world.hub.url}/sign-in?refused=Call+555`)
    expect(await stranger.getByRole("alert").innerText()).toContain("did not work. Try again")
    expect(await stranger.getByText("555").count()).toBe(0)
    await stranger.context().close()
  }
)
