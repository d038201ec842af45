/** All screens in a real browser: readable by everybody, inert, within their policy, in light and dark and on a phone. */
import AxeBuilder from "@axe-core/playwright"
import type { Locator, Page } from "playwright-core"
import { beforeAll, expect, it } from "vitest"
import { chromiumPath, cutOff, moveTo, type Seen, setUp, watchFaults } from "./browser.ts"
import { password } from "./hubWorld.ts"
import { usePages } from "./pageWorld.ts"
import { fillHub, fullHub, isNeverFull, keepOwn, screenPaths } from "./screenPaths.ts"

const world = usePages(fullHub)

let page: Page
let seen: Seen

beforeAll(async () => {
  if (chromiumPath === undefined) return
  await fillHub(world.hub)
  page = await world.newPage({ viewport: desk, colorScheme: "light" })
  seen = watchFaults(page.context())
  await setUp(page, world.hub.url, world.hub.setupToken(), "olga", password)
  await keepOwn(page)
}, 120_000)

/** Rules of axe that are WCAG's. */
const wcag = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
const desk = { width: 1_280, height: 900 }
const phone = { width: 390, height: 844 }

/** To another screen without loading the pages anew. */
const go = async (path: string): Promise<void> => {
  await moveTo(page, path)
  await settled()
}

/** Nothing is on its way any more. */
const settled = async (): Promise<void> => {
  await page
    .getByRole("heading", { level: 1 })
    .waitFor()
    .catch(async () => {
      throw new Error(`${page.url()} shows no screen, but: ${(await page.locator("body").innerText()).slice(0, 500)}`)
    })
  await page.waitForFunction(() => document.querySelector("[data-state=loading]") === null)
}

type RunOnly = { readonly type: "tag" | "rule"; readonly values: ReadonlyArray<string> }

const all: RunOnly = { type: "tag", values: wcag }
/** Colours alone are others in the dark. */
const colours: RunOnly = { type: "rule", values: ["color-contrast"] }

interface Axe {
  readonly run: (
    part: string | Document,
    how: { readonly runOnly: RunOnly; readonly resultTypes: ReadonlyArray<string> }
  ) => Promise<{
    readonly violations: ReadonlyArray<{
      readonly id: string
      readonly nodes: ReadonlyArray<{ readonly html: string }>
    }>
  }>
}

/** Of what is in the document, or in a part of it. Axe is put into the page once and stays there. */
const faultsOf = async (where: string, runOnly: RunOnly, part?: string): Promise<ReadonlyArray<string>> => {
  if (!(await page.evaluate(() => "axe" in window)))
    await new AxeBuilder({ page }).setLegacyMode().withRules(["document-title"]).analyze()
  const violations = await page.evaluate(
    async ([only, within]) => {
      const { axe } = window as unknown as { readonly axe: Axe }
      const found = await axe.run(within ?? document, { runOnly: only, resultTypes: ["violations"] })
      return found.violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`
      )
    },
    [runOnly, part] as const
  )
  return violations.map((violation) => `${where} ${violation}`)
}

it(
  "[UI-10] [UI-11] [UI-12] no screen breaks a rule of WCAG AA or a policy, runs what others wrote, or scrolls sideways on a phone",
  { timeout: 300_000 },
  async () => {
    const found: Array<string> = []
    for (const path of screenPaths) {
      await go(path)
      if (!isNeverFull(path) && (await page.locator("[data-state=empty]").count()) > 0) found.push(`${path} is empty`)
      found.push(...(await faultsOf(`${path} in light:`, all)))
      await page.emulateMedia({ colorScheme: "dark" })
      found.push(...(await faultsOf(`${path} in dark:`, colours)))
      await page.emulateMedia({ colorScheme: "light" })
      found.push(...(await cutOff(page, path)))
      await page.setViewportSize(desk)
    }
    expect(found).toEqual([])
    expect(await page.evaluate(() => "hacked" in window)).toBe(false)
    expect(seen.faults).toEqual([])
    await page.setViewportSize(phone)
    await page.getByRole("button", { name: "Menu" }).click()
    await page.getByRole("navigation").getByText("Peers").click()
    await page.getByRole("heading", { level: 1, name: "Peers" }).waitFor()
    await page.setViewportSize(desk)
  }
)

it(
  "[UI-10] dialogs, what opens at the side, what is pointed at, and a code break no rule of WCAG AA either",
  { timeout: 60_000 },
  async () => {
    const found: Array<string> = []
    const scan = async (where: string, part?: string): Promise<void> => {
      for (const colorScheme of ["dark", "light"] as const) {
        await page.emulateMedia({ colorScheme })
        found.push(...(await faultsOf(`${where} in ${colorScheme}:`, all, part)))
      }
    }
    const open = async (path: string, opener: Locator, shown: Locator): Promise<void> => {
      await go(path)
      await opener.click()
      await shown.waitFor()
    }
    const button = (name: string): Locator => page.getByRole("button", { name, exact: true }).first()
    const dialog = page.getByRole("dialog")
    await open("/data/task/t1", page.locator("[data-field=title]").getByRole("button", { name: "Change" }), dialog)
    await scan("a field's change", "[role=dialog]")
    await open("/team/mia", button("Remove"), dialog)
    await scan("a question", "[role=dialog]")
    await open("/audit", page.getByRole("row").nth(1).getByRole("button"), dialog)
    await scan("a decision", "[role=dialog]")
    await open("/pairing", button("Make a code"), page.getByRole("img", { name: /QR/ }))
    await scan("a code", "main")
    // The button stays pointed at.
    await open("/data/task", button("New record"), page.getByRole("button", { name: "Write", exact: false }).first())
    await scan("a new record", "main")
    expect(found).toEqual([])
  }
)
