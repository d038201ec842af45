/** All screens in a real browser: readable by everybody, inert, within their policy, in light and dark and on a phone. */
import AxeBuilder from "@axe-core/playwright"
import type { Page } from "playwright-core"
import { beforeAll, expect, it } from "vitest"
import { chromiumPath, setUp, watchFaults } from "./browser.ts"
import { password } from "./hubWorld.ts"
import { usePages } from "./pageWorld.ts"
import { fillHub, keepDraft, screenPaths } from "./screenPaths.ts"

const world = usePages({ SYNCLINE_LAN_PEERS: "on" })

beforeAll(async () => {
  if (chromiumPath !== undefined) await fillHub(world.hub)
}, 120_000)

/** Rules of axe that are WCAG's. */
const wcag = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
const desk = { width: 1_280, height: 900 }
const phone = { width: 390, height: 844 }

/** Nothing is on its way any more. */
const settled = async (page: Page): Promise<void> => {
  await page
    .getByRole("heading", { level: 1 })
    .waitFor()
    .catch(async () => {
      throw new Error(`${page.url()} shows no screen, but: ${(await page.locator("body").innerText()).slice(0, 500)}`)
    })
  await page.waitForFunction(() => document.querySelector("[data-state=loading]") === null)
}

const faultsOf = async (axe: AxeBuilder, where: string): Promise<ReadonlyArray<string>> => {
  const { violations } = await axe.analyze()
  return violations.map(({ id, nodes }) => `${where} ${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`)
}

it(
  "[UI-10] [UI-11] [UI-12] no screen breaks a rule of WCAG AA or a policy, runs what others wrote, or scrolls sideways on a phone",
  { timeout: 300_000 },
  async () => {
    const page = await world.newPage({ viewport: desk, colorScheme: "light" })
    const seen = watchFaults(page.context())
    await setUp(page, world.hub.url, world.hub.setupToken(), "olga", password)
    await keepDraft(page)
    const found: Array<string> = []
    for (const path of screenPaths) {
      await page.goto(`${world.hub.url}${path}`)
      await settled(page)
      found.push(...(await faultsOf(new AxeBuilder({ page }).withTags(wcag), `${path} in light:`)))
      // Colours alone are others in the dark.
      await page.emulateMedia({ colorScheme: "dark" })
      found.push(...(await faultsOf(new AxeBuilder({ page }).withRules(["color-contrast"]), `${path} in dark:`)))
      await page.emulateMedia({ colorScheme: "light" })
      await page.setViewportSize(phone)
      const px = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      if (px > 0) found.push(`${path} is ${px} px wider than a phone`)
      await page.setViewportSize(desk)
    }
    expect(found).toEqual([])
    expect(await page.evaluate(() => "hacked" in window)).toBe(false)
    expect(seen.faults).toEqual([])
    await page.setViewportSize(phone)
    await page.getByRole("button", { name: "Menu" }).click()
    await page.getByRole("navigation").getByText("Peers").click()
    await page.getByRole("heading", { level: 1, name: "Peers" }).waitFor()
    await page.context().close()
  }
)
