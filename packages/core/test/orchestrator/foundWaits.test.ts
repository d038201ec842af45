// How often a peer is dialled that a finder found and that is not there, and what wakes its route.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { at, larger, simulate, smaller } from "./simulatedRoads.ts"

const hourMs = 3_600_000

describe("waits of whom a finder found", () => {
  for (const awayMs of [60_000, hourMs / 2, 2 * hourMs, 10 * hourMs]) {
    it(`[OR-95] who was away for ${awayMs / 60_000} min is dialled again about as soon as by a route of one's own`, () => {
      simulate(
        Effect.fnUntraced(function* (site) {
          const node = yield* site.start(smaller, { finds: true })
          yield* site.start(larger, {})
          yield* Effect.sleep(5_000)
          expect(node.live()).toBe(1)
          site.end("far")
          yield* Effect.sleep(awayMs)
          expect((yield* node.status).routes.map(({ state }) => state)).toEqual(["waiting"])
          site.join("far")
          yield* Effect.sleep(Math.max(24_000, 1.01 * (awayMs / 100)) + 1_000)
          expect(node.live()).toBe(1)
        })
      )
    })
  }

  it("[OR-95] who stays away costs few dials, and ever fewer", () => {
    simulate(
      Effect.fnUntraced(function* (site) {
        const node = yield* site.start(smaller, { finds: true })
        yield* site.start(larger, {})
        yield* Effect.sleep(5_000)
        site.end("far")
        const dialsIn = Effect.fnUntraced(function* (ms: number) {
          const before = site.dials.far
          yield* Effect.sleep(ms)
          return site.dials.far - before
        })
        expect(yield* dialsIn(24 * hourMs)).toBeLessThan(800)
        // Every 11 minutes on average.
        expect(yield* dialsIn(24 * hourMs)).toBeLessThan(160)
        expect((yield* node.status).peers.map(({ state }) => state)).toEqual(["offline"])
      })
    )
  })

  it("[OR-95] who was never met is dialled ever more seldom from the start", () => {
    simulate(
      Effect.fnUntraced(function* (site) {
        yield* site.start(smaller, { finds: true })
        yield* Effect.sleep(hourMs)
        expect(site.dials.far).toBeLessThan(20)
      })
    )
  })
})

describe("a finder that may reach more than before", () => {
  it("[OR-96] wakes the routes to those whom no link reaches, and their waits start over", () => {
    simulate(
      Effect.fnUntraced(function* (site) {
        const node = yield* site.start(smaller, { finds: true })
        yield* Effect.sleep(2 * hourMs)
        const before = site.dials.far
        yield* site.tell.get(smaller)!.renewed
        yield* Effect.sleep(15_000)
        // At once, and 1 to 2 s, 2 to 4 s and 4 to 8 s later.
        expect(site.dials.far - before).toBeGreaterThanOrEqual(4)
        yield* Effect.sleep(2 * hourMs)
        yield* site.start(larger, {})
        yield* site.tell.get(smaller)!.renewed
        yield* Effect.sleep(500)
        expect(node.live()).toBe(1)
      })
    )
  })

  it("[OR-96] costs whoever is linked no dial, and routes of its own are left as they are", () => {
    simulate(
      Effect.fnUntraced(function* (site) {
        site.cut("near")
        const node = yield* site.start(smaller, { finds: true, routes: [{ address: at("near", larger) }] })
        yield* site.start(larger, {})
        yield* Effect.sleep(60_000)
        expect(node.live()).toBe(1)
        const before = { ...site.dials }
        yield* site.tell.get(smaller)!.renewed
        yield* Effect.sleep(500)
        expect(site.dials).toEqual(before)
      })
    )
  })
})
