/** A hub and a real browser for a file of tests: begun before them, ended behind them, and skipped with a sentence where no Chromium is. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import { afterAll, beforeAll, beforeEach } from "vitest"
import { chromiumPath, launch, setUp, withoutChromium } from "./browser.ts"
import { type HubWorld, openHubWorld, password } from "./hubWorld.ts"

/** How long a page may take for anything, in milliseconds: it only guards against hanging. */
const pageMsMax = 20_000
const openMsMax = 120_000

export interface PageWorld {
  readonly hub: HubWorld
  readonly browser: Browser
  /** In a context of its own, as a person's browser is; nothing in it moves. */
  readonly newPage: (options?: BrowserContextOptions) => Promise<Page>
}

/** `more` is environment of the hub. Its fields may be read within tests and hooks only. */
export const usePages = (more: Record<string, string> = {}): PageWorld => {
  const world: { hub?: HubWorld; browser?: Browser } = {}
  const isOff = chromiumPath === undefined
  beforeAll(async () => {
    if (isOff) return
    world.hub = await openHubWorld({ SYNCLINE_POLICY: "enterprise", ...more })
    world.browser = await launch()
  }, openMsMax)
  afterAll(async () => {
    await world.browser?.close()
    await world.hub?.stop()
  }, openMsMax)
  beforeEach(({ skip }) => skip(isOff, withoutChromium))
  return {
    get hub() {
      return world.hub!
    },
    get browser() {
      return world.browser!
    },
    newPage: async (options = {}) => {
      const context = await world.browser!.newContext({ reducedMotion: "reduce", ...options })
      const page = await context.newPage()
      page.setDefaultTimeout(pageMsMax)
      return page
    }
  }
}

/** The page of the hub's first account, olga's, who is signed in. */
export const useOwner = (world: PageWorld): { readonly page: Page } => {
  const owner: { page?: Page } = {}
  beforeAll(async () => {
    if (chromiumPath === undefined) return
    owner.page = await world.newPage()
    await setUp(owner.page, world.hub.url, world.hub.setupToken(), "olga", password)
  }, openMsMax)
  return {
    get page() {
      return owner.page!
    }
  }
}
