/** Records in a real browser: written, taken in from files, deleted and brought back, and what others wrote in them. */
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import type { Route } from "playwright-core"
import { beforeAll, expect, it } from "vitest"
import { type Action, actions, asks } from "./actions.ts"
import { chromiumPath, signIn, watchFaults } from "./browser.ts"
import { password } from "./hubWorld.ts"
import { useOwner, usePages } from "./pageWorld.ts"

const world = usePages()
const owner = useOwner(world)

beforeAll(async () => {
  if (chromiumPath === undefined) return
  await owner.page.context().grantPermissions(["clipboard-read", "clipboard-write"])
}, 60_000)

/** An operation as the command line lists it. */
interface Listed {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly args: ReadonlyArray<string>
  readonly query: ReadonlyArray<string>
  /** Empty where it takes any. */
  readonly body?: ReadonlyArray<string>
}

/** What a command of an action says that the hub does not take, or that the button does not do. */
const faultsOf = (
  { asked, nearby, place, said }: Action,
  listed: ReadonlyMap<string, Listed>
): ReadonlyArray<string> => {
  const meant = said.flatMap(({ id, args, query, set }) => {
    const operation = listed.get(id)
    if (operation === undefined) return [`${place} ${id}: there is no such operation`]
    const { body = [], method, path } = operation
    const takes = operation.body !== undefined && body.length === 0 ? set : body
    return [
      ...(args === operation.args.length ? [] : [`${place} ${id} takes ${operation.args.length} arguments`]),
      ...set.filter((name) => !takes.includes(name)).map((name) => `${place} ${id} has no ${name} in its body`),
      ...query.filter((name) => !operation.query.includes(name)).map((name) => `${place} ${id} has no query ${name}`),
      ...(method === "GET" || isAsked(asked.length > 0 ? asked : nearby, method, path)
        ? []
        : [`${place} ${id} is not what is asked: ${[...asked, ...nearby].join(", ")}`])
    ]
  })
  const paths = said.flatMap(({ id }) => [listed.get(id)].flatMap((each) => each ?? []))
  const others = asked.filter((each) => !paths.some(({ method, path }) => isAsked([each], method, path)))
  return [...meant, ...others.map((each) => `${place} asks ${each} and says no command for it`)]
}

/** What a person does for itself at a browser, what only keeps a draft, and an import, which has no command. */
const ofOneself = /^POST \/(setup|session.*)$|^PUT \/(password|policy\/draft)$|^POST \/entities\/\{\}\/batch$/

const isAsked = (asked: ReadonlyArray<string>, method: string, path: string): boolean =>
  asked.some((each) => {
    const pattern = each.replaceAll(/[.?*+^$()[\]|\\]/g, "\\$&").replaceAll("{}", "[^/]+")
    return new RegExp(`^${pattern}$`).test(`${method} /${path}`)
  })

it("[UI-18] every action's command names the operation that it asks the hub for, with fields that it takes", async () => {
  const lines = (await world.hub.command("hub", "--json", "--data", world.hub.folder)).split("\n")
  const operations = lines.flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Listed]))
  const listed = new Map(operations.map((each) => [each.id, each]))
  const said = actions()
  expect(said.length).toBeGreaterThan(70)
  expect(said.flatMap((action) => faultsOf(action, listed))).toEqual([])
  const named = said.flatMap((action) => action.said.flatMap(({ id }) => listed.get(id) ?? []))
  const without = asks().filter(
    ({ asked }) => !ofOneself.test(asked) && !named.some(({ method, path }) => isAsked([asked], method, path))
  )
  expect(without).toEqual([])
})

it("[UI-18] the command of a record whose id looks like a flag does the same when it is pasted", async () => {
  const { page } = owner
  await page.goto(`${world.hub.url}/tokens`)
  await page.getByLabel("What it is for").fill("terminal")
  for (const box of await page.getByRole("checkbox").all()) await box.check()
  await page.getByRole("button", { name: "Make the token" }).click()
  const secret = await page.locator("[data-shown-once] code").first().innerText()
  writeFileSync(world.hub.pathIn("token"), `${secret}\n`)
  const id = "--yes"
  await world.hub.door("PUT", `/entities/flag/${id}`, { fields: { title: "Milk" } })
  await page.goto(`${world.hub.url}/data/flag/${id}`)
  await page.getByRole("button", { name: "Delete", exact: true }).waitFor()
  await page.getByRole("button", { name: "Copy as syncline command" }).first().click()
  const text = await page.evaluate(() => navigator.clipboard.readText())
  expect(text).toMatch(/^syncline hub .*entities\.remove flag -/)
  // The shell's part: words and their quotes.
  const words = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${text.replace(/^syncline /, "")}`]).toString()
  await world.hub.command(...words.split("\0").slice(0, -1))
  await page.locator("[data-state=deleted]").waitFor()
})

const historyOf = async (type: string, id: string): Promise<ReadonlyArray<{ readonly kind: string }>> =>
  (
    await world.hub.door<{ readonly items: ReadonlyArray<{ readonly kind: string }> }>(
      "GET",
      `/entities/${type}/${id}/history`
    )
  ).items

it("[UI-41] [UI-42] one click writes a record, and a deleted one says so and comes back", async () => {
  const { page } = owner
  const seen = watchFaults(page.context())
  await page.goto(`${world.hub.url}/data/note`)
  await page.getByRole("button", { name: "New record" }).click()
  await page.getByLabel("Id", { exact: true }).fill("n1")
  await page.getByLabel("Fields").fill('{"a":1,"b":2,"c":[1,2,3]}')
  await page.getByRole("button", { name: "Write", exact: true }).click({ delay: 60 })
  await page.getByRole("heading", { level: 1, name: "n1" }).waitFor()
  expect(await world.hub.door("GET", "/entities/note/n1")).toMatchObject({ fields: { a: 1, b: 2, c: [1, 2, 3] } })

  const yes = page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true })
  const isDelete = (route: Route): boolean => route.request().method() === "DELETE"
  await page.route(/entities\/note\/n1$/, (route) => (isDelete(route) ? route.abort() : route.continue()))
  await page.getByRole("button", { name: "Delete", exact: true }).click()
  await yes.click()
  await page.getByText("This was not done").first().waitFor()
  expect(await page.getByText("This was not done").count()).toBe(1)
  await page.unrouteAll({ behavior: "ignoreErrors" })
  await page.getByRole("button", { name: "Delete", exact: true }).click()
  await yes.click()
  const deleted = page.locator("[data-state=deleted]")
  await deleted.waitFor()
  expect(await deleted.innerText()).toContain("It is deleted")
  expect(await page.getByText("What is shown may be old").count()).toBe(0)
  expect(await page.locator("[data-field=a]").count()).toBe(0)
  await deleted.getByRole("button", { name: "Bring it back" }).click()
  await page.getByRole("dialog").getByRole("button", { name: "Undo" }).click()
  await page.locator("[data-field=a]").waitFor()
  expect(await page.locator("[data-state=deleted]").count()).toBe(0)
  expect(seen.faults).toEqual([])
})

it("[UI-40] an import goes on without its screen, stops at a lost answer, and writes nothing twice", async () => {
  const { page } = owner
  const records = Array.from({ length: 1_200 }, (_, at) => ({ title: `Milk ${at}` }))
  const buffer = Buffer.from(JSON.stringify(records))
  const batch = /entities\/item\/batch$/
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  let asked = 0
  await page.route(batch, async (route) => {
    asked++
    if (asked === 1) await held
    // The hub writes it, and its answer is lost.
    if (asked === 2) await route.fetch()
    await (asked === 2 ? route.abort() : route.continue())
  })
  await page.goto(`${world.hub.url}/data/item`)
  await page.getByRole("button", { name: "Import" }).click()
  await page.locator("input[type=file]").setInputFiles({ name: "items.json", mimeType: "application/json", buffer })
  await page.locator("[data-import=running]").waitFor()
  await page.getByRole("navigation").getByRole("link", { name: "Data", exact: true }).click()
  await page.getByText("Records are on their way from a file into item").waitFor()
  // Nobody leaves the pages unasked.
  const isAsked = (): Promise<boolean> =>
    page.evaluate(() => !window.dispatchEvent(new Event("beforeunload", { cancelable: true })))
  expect(await isAsked()).toBe(true)
  release()
  await page.getByText("Records came from a file into item").waitFor()
  expect(await isAsked()).toBe(false)
  await page.getByRole("link", { name: "item" }).first().click()
  await page.locator("[data-import=broken]").getByText("500 of 1,200 records written.").waitFor()
  await page.getByText("Whether records 501 to 1,000 of the file were written is not known.").waitFor()
  await page.getByRole("button", { name: "Go on from here" }).click()
  await page.locator("[data-import=over]").getByText("1,200 of 1,200 records written.").waitFor()
  expect(asked).toBe(4)
  await page.getByRole("button", { name: "Close the report" }).click()
  await page.locator("[data-import]").waitFor({ state: "detached" })
  expect(await world.hub.door("GET", "/types/item")).toMatchObject({ records: 1_200 })
  await page.unrouteAll({ behavior: "ignoreErrors" })
})

it("[UI-40] an import waits as the hub says, and asks nothing once whoever began it is signed out", async () => {
  const page = await world.newPage()
  await signIn(page, world.hub.url, "olga", password)
  let asked = 0
  await page.route(/entities\/item\/batch$/, (route) => {
    asked++
    const body = JSON.stringify({ status: 429, code: "TooOften", detail: "too much at once" })
    return route.fulfill({
      status: 429,
      headers: { "retry-after": "2" },
      contentType: "application/problem+json",
      body
    })
  })
  await page.goto(`${world.hub.url}/data/item`)
  await page.getByRole("button", { name: "Import" }).click()
  const file = { name: "items.csv", mimeType: "text/csv", buffer: Buffer.from("id,title\rw1,Milk\r") }
  await page.locator("input[type=file]").setInputFiles(file)
  await page.locator("[data-import=waiting]").waitFor()
  await page.getByText("Too much at once. It goes on by itself").waitFor()
  await page.context().clearCookies()
  await page.getByRole("navigation").getByRole("link", { name: "Peers" }).click()
  await page.getByRole("heading", { name: "Sign in" }).waitFor()
  await page.waitForTimeout(2_000)
  expect(asked).toBe(1)
  await page.context().close()
})

it("[UI-40] a batch that is sent again with its ids changes nothing", async () => {
  const items = [
    { id: "b1", fields: { title: "Milk", votes: 3, tags: ["red"] } },
    { id: "b2", fields: { title: "Bread" } }
  ]
  const body = { items, kinds: { votes: "counter", tags: "orSet" } }
  await world.hub.door("POST", "/entities/batched/batch", body)
  const again = await world.hub.door<{ readonly commits: ReadonlyArray<string> }>("POST", "/entities/batched/batch", {
    items
  })
  expect([again.commits, (await historyOf("batched", "b1")).map(({ kind }) => kind)]).toEqual([[], ["created"]])
})

it("[UI-11] signs that turn what follows stand as their code, in lists and on the record itself", async () => {
  const { page } = owner
  await world.hub.door("PUT", "/entities/hostile/h1", { fields: { title: "a\u202Egpj.exe", "f\u202Eg": 1 } })
  await world.hub.door("PUT", `/entities/hostile/${encodeURIComponent("x\u202Ey")}`, { fields: { title: "b" } })
  const raw = (): Promise<boolean> => page.evaluate(() => document.body.innerText.includes("\u202E"))
  await page.goto(`${world.hub.url}/data/hostile`)
  await page.getByText("x\\u202Ey").waitFor()
  await page.getByText("a\\u202Egpj.exe").waitFor()
  expect(await raw()).toBe(false)
  await page.goto(`${world.hub.url}/data/hostile/h1`)
  await page.locator("[data-field=title]").getByText("a\\u202Egpj.exe").waitFor()
  await page.getByText("f\\u202Eg").first().waitFor()
  expect(await raw()).toBe(false)
})

it("[UI-43] [UI-22] of a conflict the two values are shown that met, also once the field was written anew", async () => {
  const { page } = owner
  const [folder, hub] = [world.hub.pathIn("phone"), world.hub]
  const shown = await hub.command("init", "--data", folder, "--hub", hub.url)
  const [peer] = /12D3Koo\w+/.exec(shown)!
  await hub.door("POST", "/devices", { member: "owner", peer, name: "phone" })
  await hub.door("PUT", "/entities/met/c1", { fields: { title: "first" } })
  await hub.command("sync", "--data", folder)
  await hub.door("PATCH", "/entities/met/c1", { fields: { title: "hub wins?" } })
  await hub.command("put", "met", '{"title":"device value"}', "--id", "c1", "--data", folder)
  await hub.command("sync", "--data", folder)
  await page.goto(`${hub.url}/conflicts`)
  const row = page.getByRole("row", { name: /met c1/ })
  await row.getByRole("button", { name: "Look at both" }).click()
  const dialog = page.getByRole("dialog", { name: "Both values" })
  await dialog.getByText("device value").waitFor()
  await dialog.getByText("hub wins?").waitFor()
  expect(await dialog.locator("[data-conflict=settled]").count()).toBe(0)
  await hub.door("PATCH", "/entities/met/c1", { fields: { title: "third, newer" } })
  await dialog.locator("[data-conflict=settled]").waitFor()
  const facts = await dialog.innerText()
  for (const words of [/Stood: by[^]*device value/, /Did not: by[^]*hub wins\?/, /Stands now: by[^]*third, newer/])
    expect(facts).toMatch(words)
  // And however much was written since.
  for (let n = 1; n <= 60; n++) await hub.door("PATCH", "/entities/met/c1", { fields: { n } })
  await page.reload()
  await dialog.getByText("hub wins?").waitFor()
  await dialog.getByRole("button", { name: "Take the one that did not" }).click()
  await dialog.waitFor({ state: "detached" })
  expect(new URL(page.url()).searchParams.get("open")).toBeNull()
  expect(await hub.door("GET", "/entities/met/c1")).toMatchObject({ fields: { title: "hub wins?" } })
  // As hubs noted conflicts that kept no times.
  const items = [{ atMs: 1, type: "met", id: "c1", field: "title", winner: peer, loser: hub.peer }]
  await page.route(/api\/v1\/conflicts/, (route) => route.fulfill({ json: { items, next: null, missed: 0 } }))
  await page.reload()
  await row.getByRole("button", { name: "Look at both" }).click()
  await dialog.locator("[data-conflict=untold]").waitFor()
  expect(await dialog.getByRole("button", { name: /Take/ }).count()).toBe(0)
  await dialog.getByRole("link", { name: "The whole history" }).click()
  await page.getByRole("heading", { level: 1, name: "c1" }).waitFor()
  await page.unrouteAll({ behavior: "ignoreErrors" })
})
