/** What screens show while something is on its way, where it did not come, and where there is nothing; and that they say when they are not live. */
import { describe, expect, it } from "vitest"
import { signIn, watchFaults } from "./browser.ts"
import { password } from "./hubWorld.ts"
import { useOwner, usePages } from "./pageWorld.ts"
import { askingPaths, emptyPaths } from "./screenPaths.ts"

const world = usePages()
const owner = useOwner(world)

/** What a screen asks for itself, and not who asks. */
const own = /\/api\/v1\/(?!session|identity|setup|events)/

describe("every screen", { timeout: 240_000 }, () => {
  it("[UI-13] says what to do where there is nothing", async () => {
    for (const path of emptyPaths) {
      await owner.page.goto(`${world.hub.url}${path}`)
      await owner.page
        .locator("[data-state=empty]")
        .first()
        .waitFor()
        .catch(() => {
          throw new Error(`${path} does not say that it is empty`)
        })
      expect((await owner.page.locator("[data-state=empty]").first().innerText()).length).toBeGreaterThan(10)
    }
  })

  it("[UI-13] says that something is on its way, what did not come and why, and tries again when it is told to", async () => {
    const { page } = owner
    const problem = {
      type: "about:blank",
      title: "Error",
      status: 500,
      detail: "the hub could not answer",
      code: "Broken"
    }
    const failing = { status: 500, contentType: "application/problem+json", body: JSON.stringify(problem) }
    for (const path of askingPaths) {
      let release = (): void => undefined
      const held = new Promise<void>((resolve) => (release = resolve))
      await page.route(own, async (route) => {
        await held
        await route.fulfill(failing).catch(() => undefined)
      })
      await page.goto(`${world.hub.url}${path}`, { waitUntil: "commit" })
      await page.locator("[data-state=loading]").first().waitFor()
      release()
      const failed = page.locator("[data-state=error]").first()
      await failed.waitFor().catch(() => {
        throw new Error(`${path} does not say that something did not come`)
      })
      expect(await failed.innerText()).toContain("The hub could not answer.")
      await page.unrouteAll({ behavior: "ignoreErrors" })
      const again = page.getByRole("button", { name: "Try again" })
      for (let tries = 0; tries < 10 && (await again.count()) > 0; tries++) {
        await again
          .first()
          .click({ timeout: 2_000 })
          .catch(() => undefined)
        await page.waitForTimeout(100)
      }
      await page.waitForFunction(() => document.querySelector("[data-state=loading]") === null)
      expect([path, await page.locator("[data-state=error]").count()]).toEqual([path, 0])
    }
  })

  it("[UI-13] what was shown stays where it cannot be asked for again, and is said to be old", async () => {
    const { page } = owner
    await page.goto(`${world.hub.url}/data`)
    await world.hub.door("PUT", "/entities/old/o1", { fields: { title: "Shown" } })
    await page.getByRole("link", { name: "old" }).waitFor()
    // As what lies between answers that knows nothing of the hub.
    await page.route(own, (route) =>
      route.fulfill({ status: 200, contentType: "text/html", body: "<h1>Sign in to the network</h1>" })
    )
    await world.hub.door("PUT", "/entities/old/o2", { fields: { title: "Not shown" } })
    await page.getByText("What is shown may be old").waitFor()
    await page.getByText("Something between this browser and the hub answered in its place").waitFor()
    expect(await page.getByRole("link", { name: "old" }).count()).toBe(1)
    await page.unrouteAll({ behavior: "ignoreErrors" })
    await page.getByRole("button", { name: "Try again" }).click()
    await page.getByText("What is shown may be old").waitFor({ state: "detached" })
    await world.hub.door("DELETE", "/entities/old/o1")
    await world.hub.door("DELETE", "/entities/old/o2")
  })
})

it(
  "[UI-14] says so where it never heard the hub, and then asks for what happened meanwhile",
  { timeout: 60_000 },
  async () => {
    const page = await world.newPage()
    await signIn(page, world.hub.url, "olga", password)
    let open = (): unknown => undefined
    await page.routeWebSocket(/api\/v1\/events/, (socket) => void (open = () => socket.connectToServer()))
    await page.goto(`${world.hub.url}/data`)
    await page.getByText("as it was when this page asked for it").waitFor()
    await world.hub.door("PUT", "/entities/meanwhile/m1", { fields: { title: "Meanwhile" } })
    open()
    await page.locator("[data-live=true]").waitFor({ timeout: 30_000 })
    await page.getByRole("link", { name: "meanwhile" }).waitFor()
    expect(await page.getByText("as it was when this page asked for it").count()).toBe(0)
    await page.context().close()
  }
)

it(
  "[UI-14] is honest when the hub goes, and live again by itself with what happened meanwhile",
  { timeout: 120_000 },
  async () => {
    const seen = watchFaults(owner.page.context())
    await owner.page.goto(`${world.hub.url}/data`)
    await owner.page.locator("[data-live=true]").waitFor()
    await world.hub.kill()
    await owner.page.locator("[data-live=false]").waitFor()
    await owner.page.getByText("The hub cannot be heard").waitFor()
    await world.hub.restart()
    await world.hub.door("PUT", "/entities/task/t1", { fields: { title: "Milk" } })
    await owner.page.locator("[data-live=true]").waitFor({ timeout: 30_000 })
    await owner.page.getByText("The hub cannot be heard").waitFor({ state: "detached" })
    await owner.page.getByRole("link", { name: "task" }).waitFor()
    // And what happens from now on shows without reload.
    await world.hub.door("PUT", "/entities/note/n1", { fields: { title: "Live" } })
    await owner.page.getByRole("link", { name: "note" }).waitFor()
    expect(seen.faults).toEqual([])
  }
)

it(
  "[UI-35] a code is shown for as long as the hub says, until another one takes its place",
  { timeout: 60_000 },
  async () => {
    const page = await world.newPage()
    await page.clock.install({ time: Date.now() + 3_600_000 })
    await signIn(page, world.hub.url, "olga", password)
    await page.goto(`${world.hub.url}/pairing`)
    await page.getByRole("button", { name: "Make a code" }).click()
    expect(await page.getByRole("timer").innerText()).toMatch(/^(5:0[01]|4:5\d) left\.$/)
    await world.hub.door("POST", "/pairing/codes", {})
    await page.getByText("Somebody else made it, and yours is good no more").waitFor()
    expect(await page.locator("[data-code]").count()).toBe(0)
    await world.hub.door("DELETE", "/pairing/codes")
    await page.context().close()
  }
)

it("[UI-34] a draft outlives the screen, and takes the place of no other", { timeout: 60_000 }, async () => {
  const { page } = owner
  await page.goto(`${world.hub.url}/policy?tab=text`)
  await page.locator(".empty button").first().click()
  const editor = page.locator(".cm-content")
  await editor.click()
  await page.keyboard.press("Control+Home")
  await page.keyboard.type("# one\n")
  // Nothing is waited for: what is not kept yet is not lost either.
  const menu = page.getByRole("navigation")
  await menu.getByRole("link", { name: "Data" }).click()
  await page.getByRole("heading", { level: 1, name: "Data" }).waitFor()
  await page.goBack()
  await page.locator(".cm-line", { hasText: "# one" }).waitFor()
  await page.locator("[data-draft=kept]").waitFor()
  const other = await page.context().newPage()
  await other.goto(`${world.hub.url}/policy?tab=text`)
  await other.locator(".cm-line", { hasText: "# one" }).waitFor()
  await other.locator(".cm-content").click()
  await other.keyboard.press("Control+Home")
  await other.keyboard.type("# two\n")
  await other.locator("[data-draft=kept]").waitFor()
  await other.close()
  await editor.click()
  await page.keyboard.press("Control+Home")
  await page.keyboard.type("# three\n")
  await page.locator("[data-draft=moved]").waitFor()
  const kept = () => page.evaluate(async () => (await (await fetch("/api/v1/policy/draft")).json()).text as string)
  expect(await kept()).toContain("# two\n# one")
  await page.getByRole("button", { name: "Keep this one" }).click()
  await page.locator("[data-draft=kept]").waitFor()
  expect(await kept()).toContain("# three\n# one")
})

it(
  "[UI-15] a session that ends leads to the sign-in, and that back to where one was",
  { timeout: 60_000 },
  async () => {
    await owner.page.goto(`${world.hub.url}/settings?tab=doctor`)
    await owner.page.getByText("accounts", { exact: true }).waitFor()
    // Somebody else ends it, and nothing is pressed here.
    const { account } = await owner.page.evaluate(async () => (await fetch("/api/v1/session")).json())
    await world.hub.door("DELETE", `/accounts/${account.id}/sessions`)
    await owner.page.getByRole("heading", { name: "Sign in" }).waitFor()
    await owner.page.getByLabel("Name").fill("olga")
    await owner.page.getByRole("textbox", { name: "Password" }).fill(password)
    await owner.page.getByRole("button", { name: "Sign in", exact: true }).click()
    await owner.page.getByText("accounts", { exact: true }).waitFor()
    expect(new URL(owner.page.url()).search).toBe("?tab=doctor")
  }
)
