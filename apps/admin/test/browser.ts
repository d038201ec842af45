/** A real Chromium, found by its path. Without one the tests of pages say so, and how to get it. */
import { existsSync } from "node:fs"
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core"

const places = [
  process.env["CHROME_PATH"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
]

/** `undefined` where there is none. */
export const chromiumPath = places.find((path) => path !== undefined && path !== "" && existsSync(path))

export const withoutChromium = "no Chromium: install it (Debian: apt-get install chromium), or name one by CHROME_PATH"

/** Root has no sandbox, and containers little shared memory. */
export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox", "--disable-dev-shm-usage"] })

export interface Seen {
  /** What a page tried that its policy forbids, and errors that nobody caught. */
  readonly faults: Array<string>
}

/** Watches a context for what must never happen. */
export const watchFaults = (context: BrowserContext): Seen => {
  const faults: Array<string> = []
  const onPage = (page: Page): void => {
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`))
    page.on("console", (message) => {
      if (/content security policy|refused to/i.test(message.text())) faults.push(`policy: ${message.text()}`)
    })
    page.on("dialog", (dialog) => {
      faults.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
  }
  for (const page of context.pages()) onPage(page)
  context.on("page", onPage)
  return { faults }
}

export const signIn = async (page: Page, url: string, name: string, password: string): Promise<void> => {
  await page.goto(`${url}/sign-in`)
  await page.getByLabel("Name").fill(name)
  await page.getByRole("textbox", { name: "Password" }).fill(password)
  await page.getByRole("button", { name: "Sign in", exact: true }).click()
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor()
}

export const setUp = async (page: Page, url: string, token: string, name: string, password: string): Promise<void> => {
  await page.goto(url)
  await page.getByLabel("Setup token").fill(token)
  await page.getByLabel("Name").fill(name)
  await page.getByRole("textbox", { name: "Password", exact: true }).fill(password)
  await page.getByRole("textbox", { name: "Password again" }).fill(password)
  await page.getByRole("button", { name: "Make the first account" }).click()
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor()
}

/** To another address without loading the pages anew. */
export const moveTo = (page: Page, href: string): Promise<void> =>
  page.evaluate(async (to) => {
    const { __TSR_ROUTER__: router } = globalThis as unknown as {
      readonly __TSR_ROUTER__: { readonly navigate: (to: { readonly href: string }) => Promise<void> }
    }
    await router.navigate({ href: to })
  }, href)

/** Widths as WCAG 1.4.10 has it, and as most phones are. */
const narrow = [320, 390]

/** What of the screen, or of the head's buttons, lies beyond what is seen on a phone without scrolling sideways. */
export const cutOff = async (page: Page, name: string): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const width of narrow) {
    await page.setViewportSize({ width, height: 700 })
    const end = await page.evaluate(() => {
      const buttons = [...document.querySelectorAll("header button")]
      const ends = buttons.map((button) => button.getBoundingClientRect().right)
      return Math.ceil(Math.max(document.documentElement.scrollWidth, ...ends))
    })
    if (end > width) found.push(`${name} takes ${end} px of ${width}`)
  }
  return found
}
