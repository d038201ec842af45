/** The pages of other hubs than a team's at the root of an address: one below a path, and one for oneself. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest"
import type { Browser } from "playwright-core"
import { chromiumPath, cutOff, launch, moveTo, setUp, watchFaults, withoutChromium } from "./browser.ts"
import { openHubWorld, password } from "./hubWorld.ts"
// @boundaries-ignore which ports are nobody's is one knowledge of all tests
import { freePort } from "../../../scripts/freePort.ts"

let browser: Browser | undefined

beforeAll(async () => {
  if (chromiumPath !== undefined) browser = await launch()
}, 60_000)
afterAll(async () => browser?.close(), 60_000)
beforeEach(({ skip }) => skip(chromiumPath === undefined, withoutChromium))

const newPage = async () => {
  const page = await (await browser!.newContext({ reducedMotion: "reduce" })).newPage()
  page.setDefaultTimeout(20_000)
  return page
}

it(
  "[UI-24] the pages lie below a path as they do at the root: files, deep links, live line, sign-in links",
  { timeout: 120_000 },
  async () => {
    const port = String(await freePort())
    const root = `http://127.0.0.1:${port}/team`
    const hub = await openHubWorld({ SYNCLINE_POLICY: "enterprise", SYNCLINE_PORT: port, SYNCLINE_PUBLIC_URL: root })
    try {
      const page = await newPage()
      const seen = watchFaults(page.context())
      const failed: Array<string> = []
      page.on("response", (answer) => answer.status() === 404 && failed.push(answer.url()))
      const sockets: Array<string> = []
      page.on("websocket", (socket) => sockets.push(new URL(socket.url()).pathname))
      await setUp(page, `${root}/peers?text=x`, hub.setupToken(), "olga", password)
      await page.locator("[data-live=true]").waitFor()
      expect(page.url()).toBe(`${root}/`)
      await page.getByRole("navigation").getByRole("link", { name: "Data" }).click()
      await page.getByRole("heading", { level: 1, name: "Data" }).waitFor()
      expect(page.url()).toBe(`${root}/data`)
      await hub.door("PUT", "/entities/task/t1", { fields: { title: "Live" } })
      await page.getByRole("link", { name: "task" }).waitFor()
      await page.goto(`${root}/data/task/t1`)
      await page.getByRole("heading", { level: 1, name: "t1" }).waitFor()
      await page.goto(`${root}/accounts`)
      await page.getByRole("textbox", { name: "Name" }).fill("vera")
      await page.getByRole("button", { name: "Make the account" }).click()
      expect(await page.locator("[data-shown-once] code").innerText()).toMatch(new RegExp(`^${root}/sign-in#`))
      expect(failed.filter((url) => !url.includes("/api/v1/policy/draft"))).toEqual([])
      // The hub hears it at the root, too, which whatever lies before the hub would not pass on.
      expect(new Set(sockets)).toEqual(new Set(["/team/api/v1/events/"]))
      expect(seen.faults).toEqual([])
    } finally {
      await hub.stop()
    }
  }
)

const desk = { width: 1_280, height: 720 }

/** Ways to a team's screens, what names members, and what the audit tells. */
const ofATeam = [
  ...["team", "policy", "audit"].map((screen) => `a[href*="/${screen}"]`),
  ...["Acts as the member", "Role of the new member", "Last decisions", "Revoke"].map((words) => `:text-is("${words}")`)
].join(", ")

it(
  "[UI-25] [UI-12] a hub for oneself shows no screens of a team, and every other one without a fault",
  { timeout: 120_000 },
  async () => {
    const hub = await openHubWorld({ SYNCLINE_POLICY: "personal" })
    try {
      const page = await newPage()
      const seen = watchFaults(page.context())
      await setUp(page, hub.url, hub.setupToken(), "olga", password)
      await hub.door("PUT", "/entities/task/t1", { fields: { title: "Milk" } })
      const menu = page.getByRole("navigation")
      for (const name of ["Team", "Policy", "Audit"])
        expect(await menu.getByText(name, { exact: true }).count()).toBe(0)
      const wide: Array<string> = []
      const shown: Array<readonly [path: string, faults: number, ofTeams: ReadonlyArray<string>]> = []
      for (const path of [
        "/",
        "/peers",
        "/pairing",
        "/routes",
        "/live",
        "/data/task",
        "/data/task/t1",
        "/conflicts",
        "/quarantine",
        "/receipts",
        "/accounts",
        "/tokens",
        "/you",
        "/backups",
        "/settings",
        "/settings?tab=running",
        "/settings?tab=doctor"
      ]) {
        await moveTo(page, path)
        await page.getByRole("heading", { level: 1 }).waitFor()
        await page.waitForFunction(() => document.querySelector("[data-state=loading]") === null)
        const [failed, ofTeams] = [page.locator("[data-state=error]"), page.locator(ofATeam)]
        shown.push([path, await failed.count(), await ofTeams.allInnerTexts()])
        wide.push(...(await cutOff(page, path)))
        await page.setViewportSize(desk)
      }
      expect(shown.filter(([, faults, ofTeams]) => faults > 0 || ofTeams.length > 0)).toEqual([])
      // There is less here than at a team's hub: the words for nothing have their place on a phone, too.
      expect(wide).toEqual([])
      await page.goto(`${hub.url}/pairing`)
      await page.getByRole("button", { name: "Make a code" }).click()
      await page.locator("[data-code=digits]").waitFor()
      expect(seen.faults).toEqual([])
    } finally {
      await hub.stop()
    }
  }
)
