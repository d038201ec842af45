/** A team's whole way with its hub in the browser, from the first run to a device that has to go, with a device at the command line on the other side; and how the pages are used. */
import { writeFileSync } from "node:fs"
import type { Page, Request } from "playwright-core"
import { beforeAll, expect, it } from "vitest"
import { chromiumPath, moveTo, type Seen, setUp, watchFaults } from "./browser.ts"
import { password } from "./hubWorld.ts"
import { usePages } from "./pageWorld.ts"

const world = usePages({ SYNCLINE_SPACE: "clinic" })
let page: Page
let seen: Seen

beforeAll(async () => {
  if (chromiumPath === undefined) return
  page = await world.newPage({ viewport: { width: 1_280, height: 900 } })
  seen = watchFaults(page.context())
})

const notes = 30
const tasks = 20

const go = async (name: string): Promise<void> => {
  await page.getByRole("navigation").getByRole("link", { name, exact: true }).click()
  await page.getByRole("heading", { level: 1, name }).waitFor()
}

const device = () => world.hub.pathIn("phone")
const held = async (type: string): Promise<number> =>
  (await world.hub.command("query", type, "--data", device(), "--json")).split("\n").filter((line) => line !== "")
    .length

it(
  "[UI-1] first run, invite, pair, role, records, restrict, preview, apply, explain, audit, revoke",
  { timeout: 300_000 },
  async () => {
    // First run.
    await setUp(page, world.hub.url, world.hub.setupToken(), "olga", password)

    // Invite, and a device at a terminal pairs.
    await go("Pairing")
    await page.getByRole("button", { name: "Make a code" }).click()
    const digits = await page.locator("[data-code=digits]").innerText()
    const joining = world.hub.background(
      "pair",
      "join",
      digits,
      "--hub",
      world.hub.url,
      "--name",
      "phone",
      "--data",
      device()
    )
    const asking = page.locator("[data-asking]")
    await asking.waitFor()
    await go("Overview")
    await page.getByText("1 device waits to be let in").waitFor()
    await go("Pairing")
    await asking.waitFor()
    const [, checkNumber] = await joining.said(/check number +(\d+)/)
    expect(await asking.innerText()).toContain(checkNumber)
    await asking.getByRole("button", { name: "The numbers are alike: let it in" }).click()
    await page.getByText("It is in, and may sync.").waitFor()
    await joining.said(/phone|joined|member/i)

    // A role.
    await go("Team")
    await page.getByRole("table", { name: "Members" }).getByRole("link", { name: "phone" }).click()
    await page.getByRole("combobox", { name: "Role" }).click()
    await page.getByRole("option", { name: "Admin (admin)" }).click()
    await page.getByRole("button", { name: "Change", exact: true }).click()
    await page.getByText("It is so from now on, on every device that hears of it.").waitFor()

    // Records from a file in the browser, and from the device: they show live.
    await go("Data")
    await page.getByLabel("A new type").fill("note")
    await page.getByRole("button", { name: "Write its first record" }).click()
    await page.getByRole("button", { name: "Import" }).click()
    const lines = Array.from({ length: notes }, (_, at) => JSON.stringify({ id: `n${at}`, title: `Note ${at}` }))
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "notes.ndjson", mimeType: "text/plain", buffer: Buffer.from(lines.join("\n")) })
    await page.locator("[data-import=over]").getByText(`${notes} of ${notes} records written.`).waitFor()
    await go("Data")
    await page.getByRole("table", { name: "Types" }).getByRole("link", { name: "note" }).waitFor()
    const file = world.hub.pathIn("tasks.ndjson")
    writeFileSync(
      file,
      Array.from({ length: tasks }, (_, at) => JSON.stringify({ id: `t${at}`, title: `Task ${at}` })).join("\n")
    )
    await world.hub.command("sync", "--data", device())
    await world.hub.command("import", file, "--type", "task", "--data", device())
    await world.hub.command("sync", "--data", device())
    // Without reload.
    await page.getByRole("table", { name: "Types" }).getByRole("link", { name: "task" }).waitFor()
    expect([await held("note"), await held("task")]).toEqual([notes, tasks])

    // Restrict a type; what that would do is told before.
    await go("Policy")
    await page.getByRole("button", { name: "Everybody writes, readonly reads" }).click()
    await page.getByRole("button", { name: /^R ● Admin may.*read note/ }).click()
    await page.getByRole("button", { name: /^R ○ Admin may not: read note/ }).waitFor()
    await page.getByRole("tab", { name: "Preview and apply" }).click()
    const losing = page
      .getByRole("table", { name: "What the draft would change" })
      .getByRole("row", { name: /phone of phone loses read/ })
    await losing.waitFor()
    expect(await losing.innerText()).toContain(String(notes))
    await page.getByRole("textbox", { name: "Why" }).fill("notes are for doctors")
    await page.getByRole("button", { name: "Apply the draft" }).click()
    await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click()
    await page.getByText(/In force since version \d+\. Devices take it in/).waitFor()

    // The device has lost exactly that.
    await world.hub.command("sync", "--data", device())
    expect([await held("note"), await held("task")]).toEqual([0, tasks])

    // Why.
    await page.getByRole("tab", { name: "Why" }).click()
    await page.getByRole("combobox", { name: "Who" }).click()
    await page.getByRole("option", { name: "phone of phone" }).click()
    await page.getByRole("combobox", { name: "Type" }).fill("note")
    await page.getByRole("button", { name: "Ask why" }).click()
    const answer = page.locator("[data-allowed=false]")
    await answer.getByText("no.admin.note").first().waitFor()
    expect(await answer.innerText()).toContain("line ")

    // The audit has it, and holds.
    await go("Audit")
    await page.locator("[data-chain=holds]").waitFor()
    await page.getByRole("textbox", { name: "Rule" }).fill("hub/policy*")
    await page.getByRole("button", { name: "Find" }).click()
    await page.getByRole("table").getByText("hub/policy.apply").first().waitFor()
    expect(page.url()).toContain("rule=hub")

    // The device has to go: its link drops.
    const watching = world.hub.background("watch", "--data", device())
    await go("Peers")
    await page.getByRole("table", { name: "Peers" }).getByText("in sync").waitFor()
    await page.getByRole("table", { name: "Peers" }).getByRole("link", { name: "phone" }).click()
    await page.getByRole("button", { name: "Revoke" }).click()
    await page.getByLabel("Type revoke to go on").fill("revoke")
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click()
    await page.getByText("Its rights are over, and its links have ended.").waitFor()
    await watching.said(/does not let this device in/)
    const { items } = await world.hub.door<{ readonly items: ReadonlyArray<{ readonly state: string }> }>(
      "GET",
      "/peers"
    )
    expect(items.filter(({ state }) => state === "synced" || state === "syncing")).toEqual([])

    expect(seen.faults).toEqual([])
  }
)

it("[UI-50] two clicks ask once and act once", { timeout: 60_000 }, async () => {
  const twice = (name: string): Promise<void> =>
    page
      .getByRole("button", { name, exact: true })
      .first()
      .evaluate((button: HTMLElement) => {
        button.click()
        button.click()
      })
  await page.goto(`${world.hub.url}/backups`)
  const asked: Array<string> = []
  const onRequest = (request: Request): void => {
    if (request.url().includes("/api/v1/") && request.method() !== "GET") asked.push(request.method())
  }
  page.on("request", onRequest)
  await twice("Back up now")
  await page.getByText("It is being made; this page tells when it is done.").waitFor()
  await page.locator("[data-backup]").waitFor()
  expect([asked, await page.getByText("This was not done").count()]).toEqual([["POST"], 0])
  await twice("Remove")
  await page.getByRole("dialog").waitFor()
  expect(await page.getByRole("dialog").count()).toBe(1)
  await page.getByRole("button", { name: "Cancel" }).click()
  await page.getByRole("dialog").waitFor({ state: "detached" })
  await page.getByRole("button", { name: "Remove", exact: true }).click()
  await page.getByRole("dialog").waitFor()
  await page.keyboard.press("Escape")
  // A form asks once, too.
  await page.goto(`${world.hub.url}/team`)
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Nora")
  asked.length = 0
  await twice("Add the member")
  await page.getByText("is in the team.").waitFor()
  expect([asked, await page.getByText("This was not done").count()]).toEqual([["POST"], 0])
  page.off("request", onRequest)
})

it(
  "[UI-17] [UI-50] a member's removal and the seal wait for a word; going back ends a question, and nothing is done",
  {
    timeout: 60_000
  },
  async () => {
    await world.hub.door("POST", "/members", { id: "mia", name: "Mia", role: "member", teams: [] })
    await page.goto(`${world.hub.url}/team`)
    await page.getByRole("link", { name: "Mia" }).click()
    const dialog = page.getByRole("dialog")
    const yes = dialog.getByRole("button", { name: /^(Remove|Seal)$/ })
    await page.getByRole("button", { name: "Remove" }).click()
    await dialog.getByLabel("Type mia to go on").fill("mi")
    expect(await yes.isDisabled()).toBe(true)
    await dialog.getByLabel("Type mia to go on").fill("mia")
    expect(await yes.isDisabled()).toBe(false)
    await page.goBack()
    await page.getByRole("heading", { level: 1, name: "Team" }).waitFor()
    await dialog.waitFor({ state: "detached" })
    // A proof of who it is ends with the screen, too.
    const again = { title: "Unauthorized", status: 401, code: "SignInAgain", detail: "sign in again first" }
    let asked = 0
    await page.route(/\/members\/mia$/, (route) => {
      asked++
      return route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify(again) })
    })
    await page.getByRole("link", { name: "Mia" }).click()
    await page.getByRole("button", { name: "Remove" }).click()
    await dialog.getByLabel("Type mia to go on").fill("mia")
    await yes.click()
    await page.getByRole("dialog", { name: "Sign in again" }).waitFor()
    await page.goBack()
    await page.getByRole("heading", { level: 1, name: "Team" }).waitFor()
    await dialog.waitFor({ state: "detached" })
    await page.unrouteAll({ behavior: "ignoreErrors" })
    expect(asked).toBe(1)
    await page.getByRole("tab", { name: "Charter and sealing" }).click()
    await page.getByRole("button", { name: "Seal the space" }).click()
    await dialog.getByLabel("Type seal to go on").fill("sea")
    expect(await yes.isDisabled()).toBe(true)
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await dialog.waitFor({ state: "detached" })
    const charter = await world.hub.door<{
      readonly members: ReadonlyArray<{ readonly id: string }>
      readonly seal: object | null
    }>("GET", "/charter")
    expect([charter.members.some(({ id }) => id === "mia"), charter.seal]).toEqual([true, null])
  }
)

it("[UI-52] the link past the menu leads to the contents of the screen that is open", { timeout: 30_000 }, async () => {
  await page.goto(`${world.hub.url}/peers`)
  await page.getByRole("heading", { level: 1, name: "Peers" }).waitFor()
  await page.getByRole("link", { name: "To the contents" }).focus()
  await page.keyboard.press("Enter")
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("screen")
  expect(page.url()).toBe(`${world.hub.url}/peers`)
})

it(
  "[UI-53] what is unfit in an address is left out, and a screen that fails leaves the menu",
  {
    timeout: 60_000
  },
  async () => {
    await world.hub.door("PUT", "/entities/task/t1", { fields: { title: "Milk" } })
    const seen = watchFaults(page.context())
    const shown = async (path: string): Promise<unknown> => {
      await page.getByRole("heading", { level: 1 }).waitFor()
      await page.waitForFunction(() => document.querySelector("[data-state=loading]") === null)
      const bare = await page.waitForFunction(() => location.search === "" || location.search === "?header=%7B%7D")
      const [menu, failed] = [page.getByRole("navigation").getByText("Backups"), page.locator("[data-state=error]")]
      return [path, await bare.jsonValue(), await menu.count(), await failed.count()]
    }
    const unfit = [
      "/data/task/t1?at=foo",
      "/data/task/t1?at=99999999999999999&header=foo",
      "/data/task/t1?header={}&at=1e300",
      "/data/task?at=99999999999999999",
      '/data/task?where=[{"title":"Milk"}]',
      "/audit?from=-99999999999999999999&entry=x",
      "/audit?to=1e300&nothing=1",
      "/quarantine?reason=nope",
      "/peers?state=nope&sort=a%20b"
    ]
    for (const path of unfit) {
      await moveTo(page, path)
      expect(await shown(path)).toEqual([path, true, 1, 0])
    }
    // Also when the pages begin there.
    await page.goto(`${world.hub.url}${unfit[1]}`)
    expect(await shown(unfit[1]!)).toEqual([unfit[1], true, 1, 0])
    for (const [path, first] of [
      ["/team", "Members"],
      ["/policy", "Matrix"],
      ["/settings", "Settings"]
    ] as const) {
      await moveTo(page, `${path}?tab=nope`)
      await page.getByRole("tab", { name: first, selected: true }).waitFor()
      await page.getByRole("tabpanel").waitFor()
    }
    expect(seen.faults).toEqual([])
    // As an answer of another version would break it.
    await page.route(/\/api\/v1\/receipts/, (route) => route.fulfill({ json: { items: [{ commit: 5 }], next: null } }))
    await page.goto(`${world.hub.url}/receipts`)
    await page.getByRole("heading", { level: 1, name: "This screen failed" }).waitFor()
    await page.unrouteAll({ behavior: "ignoreErrors" })
    await page.getByRole("navigation").getByRole("link", { name: "Tokens" }).click()
    await page.getByRole("heading", { level: 1, name: "API tokens" }).waitFor()
  }
)

it(
  "[UI-51] what is typed stays while others change the same, and is not saved over it unseen",
  {
    timeout: 60_000
  },
  async () => {
    const put = await world.hub.door<{ readonly id: string }>("POST", "/members", {
      name: "Nina",
      role: "member",
      teams: []
    })
    await moveTo(page, `/team/${put.id}`)
    const [name, why] = [page.getByRole("textbox", { name: "Name" }), page.getByRole("textbox", { name: "Why" })]
    await name.fill("Nina Berg")
    await why.fill("she married")
    await world.hub.door("PATCH", `/members/${put.id}`, { role: "admin" })
    await page.getByText("Changed meanwhile by others").waitFor()
    await page.getByText("It is now Nina, of the role admin, in no team.").waitFor()
    expect([await name.inputValue(), await why.inputValue()]).toEqual(["Nina Berg", "she married"])
    const change = page.getByRole("button", { name: "Change", exact: true }).first()
    await change.click()
    await page.getByText("This was not done").waitFor()
    await page.getByRole("button", { name: "Keep mine" }).click()
    await page.getByText("Changed meanwhile by others").waitFor({ state: "detached" })
    await change.click()
    await page.getByRole("heading", { level: 1, name: "Nina Berg" }).waitFor()
    await expect.poll(() => why.inputValue()).toBe("")
    const { members } = await world.hub.door<{ readonly members: ReadonlyArray<object> }>("GET", "/charter")
    expect(members).toContainEqual(expect.objectContaining({ id: put.id, name: "Nina Berg", role: "admin" }))
    await name.fill("Nobody")
    await world.hub.door("PATCH", `/members/${put.id}`, { role: "member" })
    await page.getByRole("button", { name: "Take theirs" }).click()
    expect(await name.inputValue()).toBe("Nina Berg")
  }
)
