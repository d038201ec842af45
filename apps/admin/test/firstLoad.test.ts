/** What the first load takes, and what a hundred thousand records do to a page. */
import { readdirSync, readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { expect, it } from "vitest"
import { signIn } from "./browser.ts"
import { password } from "./hubWorld.ts"
import { useOwner, usePages } from "./pageWorld.ts"

const scriptBytesMax = 300_000
const records = 100_000
const batch = 2_000
const scrollMsMax = 180_000
/** As the screen asks for them: a thousand records each. */
const pages = 100
const world = usePages()
const owner = useOwner(world)

it("[UI-30] the first load takes at most 300 kB of script, packed", { timeout: 60_000 }, async () => {
  const assets = new URL("../bundle/assets/", import.meta.url)
  const packed = new Map(
    readdirSync(assets)
      .filter((name) => name.endsWith(".js"))
      .map((name) => [name, gzipSync(readFileSync(new URL(name, assets)), { level: 9 }).length])
  )
  const fresh = await world.newPage()
  const loaded = new Set<string>()
  fresh.on("response", (response) => {
    const [, name] = /\/assets\/([^/]+\.js)$/.exec(response.url()) ?? []
    if (name !== undefined) loaded.add(name)
  })
  await signIn(fresh, world.hub.url, "olga", password)
  await fresh.reload({ waitUntil: "networkidle" }).catch(() => undefined)
  const sum = [...loaded].reduce((bytes, name) => bytes + packed.get(name)!, 0)
  const times = await fresh.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation") as Array<PerformanceNavigationTiming>
    const [paint] = performance.getEntriesByName("first-contentful-paint")
    return {
      firstByteMs: Math.round(navigation!.responseStart),
      firstPaintMs: Math.round(paint?.startTime ?? 0),
      loadedMs: Math.round(navigation!.loadEventEnd)
    }
  })
  console.log(`first load: ${loaded.size} scripts, ${sum} bytes packed; ${JSON.stringify(times)}`)
  expect(sum).toBeLessThan(scriptBytesMax)
  await fresh.context().close()
})

it(
  "[UI-21] of 100,000 records only those in sight are in the document, and scrolling stays smooth",
  { timeout: 240_000 },
  async () => {
    for (let from = 0; from < records; from += batch) {
      const items = Array.from({ length: batch }, (_, at) => ({
        id: `r${String(from + at).padStart(6, "0")}`,
        fields: { t: `Record ${from + at}`, n: at }
      }))
      await world.hub.door("POST", "/entities/many/batch", { items })
    }
    await owner.page.goto(`${world.hub.url}/data/many`)
    const table = owner.page.getByRole("table", { name: "Records of many" })
    await table.getByText("r000000").waitFor()
    await owner.page.evaluate(() => {
      const long: Array<number> = []
      Object.assign(window, { long })
      new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: "longtask"
      })
    })
    let most = 0
    const last = table.getByText(`r0${records - 1}`)
    const began = Date.now()
    while (!(await last.isVisible()) && Date.now() - began < scrollMsMax) {
      await table.press("End")
      await owner.page.waitForTimeout(20)
      most = Math.max(most, await table.getByRole("row").count())
    }
    await owner.page.getByText("100,000, all of them").waitFor()
    const scrolledMs = Date.now() - began
    // What changes meanwhile asks for what is in sight, and not for the hundred pages above it.
    const asked: Array<string> = []
    owner.page.on("request", (request) => request.url().includes("/entities/many?") && asked.push(request.url()))
    await world.hub.door("PUT", `/entities/many/r0${records - 2}`, { fields: { t: "Seen at once" } })
    await table.getByText("Seen at once").waitFor()
    await table.press("Home")
    await table.getByText("r000000").waitFor()
    const long = await owner.page.evaluate(() => (window as unknown as { readonly long: ReadonlyArray<number> }).long)
    // One page in twenty may have waited for the machine.
    const longest = long.toSorted((a, b) => b - a)[pages / 20] ?? 0
    console.log(
      `scrolling: ${records} rows in ${scrolledMs} ms, at most ${most} in the document, longest task ${Math.round(Math.max(0, ...long))} ms, ${asked.length} questions after a change`
    )
    expect(most).toBeLessThan(60)
    expect(longest).toBeLessThan(200)
    // Going home scrolls by some of them.
    expect(asked.length).toBeLessThan(25)
  }
)
