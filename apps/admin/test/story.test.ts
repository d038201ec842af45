/** A team's whole way with its hub in the browser, from the first run to a device that has to go, with a device at the command line on the other side. */
import { writeFileSync } from "node:fs"
import type { Page } from "playwright-core"
import { beforeAll, expect, it } from "vitest"
import { chromiumPath, type Seen, setUp, watchFaults } from "./browser.ts"
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
    await page.getByRole("link", { name: "note" }).waitFor()
    const file = world.hub.pathIn("tasks.ndjson")
    writeFileSync(
      file,
      Array.from({ length: tasks }, (_, at) => JSON.stringify({ id: `t${at}`, title: `Task ${at}` })).join("\n")
    )
    await world.hub.command("sync", "--data", device())
    await world.hub.command("import", file, "--type", "task", "--data", device())
    await world.hub.command("sync", "--data", device())
    // Without reload.
    await page.getByRole("link", { name: "task" }).waitFor()
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
