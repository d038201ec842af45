/** What screens show while something is on its way, where it did not come, and where there is nothing; and that they say when they are not live. */
import { describe, expect, it } from "vitest"
import { watchFaults } from "./browser.ts"
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

  it("[UI-13] says that something is on its way, and shows it once it came", async () => {
    for (const path of askingPaths) {
      let release = (): void => undefined
      const held = new Promise<void>((resolve) => (release = resolve))
      await owner.page.route(own, async (route) => {
        await held
        await route.continue().catch(() => undefined)
      })
      await owner.page.goto(`${world.hub.url}${path}`, { waitUntil: "commit" })
      await owner.page.locator("[data-state=loading]").first().waitFor()
      release()
      await owner.page.waitForFunction(() => document.querySelector("[data-state=loading]") === null)
      await owner.page.unrouteAll({ behavior: "ignoreErrors" })
      expect([path, await owner.page.locator("[data-state=error]").count()]).toEqual([path, 0])
    }
  })

  it("[UI-13] says what did not come and why, and tries again when it is told to", async () => {
    const problem = {
      type: "about:blank",
      title: "Error",
      status: 500,
      detail: "the hub could not answer",
      code: "Broken",
      instance: "urn:uuid:0"
    }
    for (const path of askingPaths) {
      await owner.page.route(own, (route) =>
        route.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify(problem) })
      )
      await owner.page.goto(`${world.hub.url}${path}`)
      const failed = owner.page.locator("[data-state=error]").first()
      await failed.waitFor().catch(() => {
        throw new Error(`${path} does not say that something did not come`)
      })
      expect(await failed.innerText()).toContain("The hub could not answer.")
      await owner.page.unrouteAll({ behavior: "ignoreErrors" })
      const again = owner.page.getByRole("button", { name: "Try again" })
      for (let tries = 0; tries < 10 && (await again.count()) > 0; tries++) {
        await again
          .first()
          .click({ timeout: 2_000 })
          .catch(() => undefined)
        await owner.page.waitForTimeout(100)
      }
      expect([path, await owner.page.locator("[data-state=error]").count()]).toEqual([path, 0])
    }
  })
})

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
  "[UI-15] a session that ends leads to the sign-in, and that back to where one was",
  { timeout: 60_000 },
  async () => {
    await owner.page.goto(`${world.hub.url}/settings?tab=doctor`)
    await owner.page.getByText("accounts", { exact: true }).waitFor()
    await owner.page.context().clearCookies()
    await owner.page.getByRole("link", { name: "Peers" }).click()
    await owner.page.getByRole("heading", { name: "Sign in" }).waitFor()
    await owner.page.getByLabel("Name").fill("olga")
    await owner.page.getByRole("textbox", { name: "Password" }).fill(password)
    await owner.page.getByRole("button", { name: "Sign in", exact: true }).click()
    await owner.page.getByRole("heading", { level: 1, name: "Peers" }).waitFor()
    expect(new URL(owner.page.url()).pathname).toBe("/peers")
  }
)
