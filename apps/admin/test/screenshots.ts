/** Writes a picture of every screen to `docs/screens`: full in light and dark, empty, on its way, and failed. Run by `npm run screenshots`. */
import { mkdirSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Browser, BrowserContext, Page } from "playwright-core"
import { chromiumPath, launch, setUp, signIn, withoutChromium } from "./browser.ts"
import { type HubWorld, openHubWorld, password } from "./hubWorld.ts"
import { askingPaths, emptyPaths, fillHub, fullHub, isNeverFull, keepOwn, screenPaths } from "./screenPaths.ts"

const folder = fileURLToPath(new URL("../../../docs/screens/", import.meta.url))
const viewport = { width: 1_120, height: 720 }
/** Time for what moves to come to rest, in milliseconds. */
const restMs = 300
/** What a screen asks for itself, and not who asks. */
const own = /\/api\/v1\/(?!session|identity|setup|events)/

const nameOf = (path: string): string => path.replaceAll(/[^a-z0-9]+/gi, "-").replaceAll(/^-|-$/g, "") || "overview"

const shoot = async (page: Page, path: string, state: string): Promise<void> => {
  await page.waitForTimeout(restMs)
  await page.screenshot({ path: `${folder}${nameOf(path)}.${state}.png` })
}

const settled = (page: Page) => page.waitForFunction(() => document.querySelector("[data-state=loading]") === null)

/** A code is shown where it was made, and a device that knows it asks for two minutes. */
const pairing = async (page: Page, { background, pathIn, url }: HubWorld, state: string): Promise<void> => {
  await page.getByRole("button", { name: /Make a (new )?code/ }).click()
  const digits = await page.locator("[data-code=digits]").innerText()
  const device = pathIn(`newcomer-${state}`)
  background("pair", "join", digits, "--hub", url, "--name", "Reception tablet", "--data", device)
  await page.locator("[data-asking]").last().waitFor()
}

/** Events show as they come. */
const happening = async (page: Page, { door }: HubWorld): Promise<void> => {
  await page.locator("[data-live=true]").waitFor()
  for (const title of ["Call Mia", "Order gloves", "Write to the lab"])
    await door("POST", "/entities/task", { fields: { title } })
  await page.locator("[data-state=empty]").waitFor({ state: "detached" })
}

const full = async (page: Page, hub: HubWorld, state: string): Promise<void> => {
  const { url } = hub
  for (const path of screenPaths) {
    await page.goto(`${url}${path}`)
    await page.getByRole("heading", { level: 1 }).waitFor()
    await settled(page)
    if (path === "/pairing") await pairing(page, hub, state)
    if (path === "/live") await happening(page, hub)
    if (!isNeverFull(path) && (await page.locator("[data-state=empty]").count()) > 0) console.log(`${path} is empty`)
    await shoot(page, path, state)
  }
}

const empty = async (page: Page, { url }: HubWorld): Promise<void> => {
  for (const path of emptyPaths) {
    await page.goto(`${url}${path}`)
    await page.locator("[data-state=empty]").first().waitFor()
    await shoot(page, path, "empty")
  }
}

const onTheWay = async (page: Page, { url }: HubWorld): Promise<void> => {
  await page.route(own, () => undefined)
  for (const path of askingPaths) {
    await page.goto(`${url}${path}`, { waitUntil: "commit" })
    await page.locator("[data-state=loading]").first().waitFor()
    await shoot(page, path, "loading")
  }
  await page.unrouteAll({ behavior: "ignoreErrors" })
}

const failed = async (page: Page, { url }: HubWorld): Promise<void> => {
  const problem = {
    type: "about:blank",
    title: "Error",
    status: 500,
    detail: "the hub could not answer",
    code: "Broken",
    instance: "urn:uuid:0"
  }
  await page.route(own, (route) =>
    route.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify(problem) })
  )
  for (const path of askingPaths) {
    await page.goto(`${url}${path}`)
    await page.locator("[data-state=error]").first().waitFor()
    await shoot(page, path, "error")
  }
  await page.unrouteAll({ behavior: "ignoreErrors" })
}

const doors = async (context: BrowserContext, hub: HubWorld): Promise<void> => {
  const page = await context.newPage()
  await page.goto(hub.url)
  await page.getByLabel("Setup token").waitFor()
  await shoot(page, "setup", "full")
  await setUp(page, hub.url, hub.setupToken(), "olga", password)
  await context.clearCookies()
  await page.goto(`${hub.url}/sign-in`)
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor()
  await shoot(page, "sign-in", "full")
  await page.close()
}

const light = { viewport, colorScheme: "light", reducedMotion: "reduce" } as const
const team = { SYNCLINE_POLICY: "enterprise", SYNCLINE_SPACE: "clinic" }

const withHub = async (env: Record<string, string>, run: (hub: HubWorld) => Promise<void>): Promise<void> => {
  const hub = await openHubWorld(env)
  try {
    await run(hub)
  } finally {
    await hub.stop()
  }
}

/** A new hub: nothing is there yet. */
const begun = async (browser: Browser, hub: HubWorld): Promise<void> => {
  const context = await browser.newContext(light)
  await doors(context, hub)
  const page = await context.newPage()
  await signIn(page, hub.url, "olga", password)
  await empty(page, hub)
  await onTheWay(page, hub)
  await failed(page, hub)
  await context.close()
}

const atWork = async (browser: Browser, hub: HubWorld): Promise<void> => {
  await fillHub(hub)
  const page = await (await browser.newContext(light)).newPage()
  await setUp(page, hub.url, hub.setupToken(), "olga", password)
  await keepOwn(page)
  await full(page, hub, "full")
  const dark = await (await browser.newContext({ ...light, colorScheme: "dark" })).newPage()
  await signIn(dark, hub.url, "olga", password)
  await full(dark, hub, "dark")
}

const main = async (): Promise<void> => {
  if (chromiumPath === undefined) throw new Error(withoutChromium)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const browser = await launch()
  try {
    await withHub(team, (hub) => begun(browser, hub))
    await withHub({ ...team, ...fullHub }, (hub) => atWork(browser, hub))
  } finally {
    await browser.close()
  }
}

await main()
