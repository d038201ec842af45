// Two nodes that reach each other by two roads: one session stays, the other road is at rest, and takes over when it is needed.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { Route } from "../../src/orchestrator/Route.ts"
import { peerOf } from "../session/SessionUnderTest.ts"
import { at, larger, type RoadNode, type RoadNodeOptions, simulate, type Site, smaller } from "./simulatedRoads.ts"

const minuteMs = 60_000

const other = (device: number): number => (device === 1 ? 2 : 1)

const own = (device: number, isNamed: boolean, road: "near" | "far" = "near"): Route => ({
  address: at(road, other(device)),
  peer: isNamed ? peerOf(other(device)) : undefined
})

/** Who dials what: options of both by which of them has the first road. */
const combinations: Record<string, (first: number, isNamed: boolean) => Record<number, RoadNodeOptions>> = {
  "one dials its own route and finds the other": (first, isNamed) => ({
    [first]: { routes: [own(first, isNamed)], finds: true },
    [other(first)]: {}
  }),
  "one has two routes of its own": (first, isNamed) => ({
    [first]: { routes: [own(first, isNamed), own(first, isNamed, "far")] },
    [other(first)]: {}
  }),
  "both find and dial each other, one has a route of its own": (first, isNamed) => ({
    [first]: { routes: [own(first, isNamed)], finds: true },
    [other(first)]: { finds: true }
  }),
  "one has its own route, and the other finds it": (first, isNamed) => ({
    [first]: { routes: [own(first, isNamed)] },
    [other(first)]: { finds: true }
  })
}

const startBoth = Effect.fnUntraced(function* (site: Site, options: Record<number, RoadNodeOptions>) {
  const nodes: Array<RoadNode> = []
  for (const device of [1, 2]) nodes.push(yield* site.start(device, options[device] ?? {}))
  return nodes
})

const begun = (nodes: ReadonlyArray<RoadNode>) => nodes.map((node) => node.begun())
const live = (nodes: ReadonlyArray<RoadNode>) => nodes.map((node) => node.live())

for (const [name, of] of Object.entries(combinations)) {
  for (const isNamed of [false, true]) {
    for (const first of [smaller, larger]) {
      const who = `${isNamed ? "named" : "unnamed"}, by the ${first === smaller ? "smaller" : "larger"} id`
      describe(`${name}; ${who}`, () => {
        it("[OR-93] one session stays for half an hour, and the other road is at rest", () => {
          simulate(
            Effect.fnUntraced(function* (site) {
              const nodes = yield* startBoth(site, of(first, isNamed))
              yield* Effect.sleep(5 * minuteMs)
              const before = begun(nodes)
              const dials = { ...site.dials }
              yield* Effect.sleep(30 * minuteMs)
              expect({ begun: begun(nodes), live: live(nodes) }).toEqual({ begun: before, live: [1, 1] })
              // At most a look now and then who answers at an address that names nobody.
              expect(site.dials.near + site.dials.far - dials.near - dials.far).toBeLessThanOrEqual(4)
              for (const node of nodes) {
                const { peers, routes } = yield* node.status
                expect(peers.map(({ lastError, state }) => ({ lastError, state }))).toEqual([
                  { lastError: undefined, state: "synced" }
                ])
                for (const { attempts, lastError, state } of routes) {
                  expect({ attempts, lastError }).toEqual({ attempts: 0, lastError: undefined })
                  expect(["connected", "idle"]).toContain(state)
                }
              }
            })
          )
        })
      })
    }
  }
}

/** How long until both have a session again, in milliseconds. */
const untilLinked = Effect.fnUntraced(function* (nodes: ReadonlyArray<RoadNode>) {
  const stepMs = 500
  for (let ms = 0; ; ms += stepMs) {
    if (nodes.every((node) => node.live() === 1)) return ms
    if (ms > 5 * minuteMs) throw new Error("they stay apart")
    yield* Effect.sleep(stepMs)
  }
})

/** By which road they are linked. */
const roadOf = Effect.fnUntraced(function* (site: Site) {
  yield* Effect.void
  return (["near", "far"] as const).filter((road) => site.networks[road].openLinks.length > 0).join()
})

describe("the road that rests", () => {
  for (const [name, of] of Object.entries(combinations)) {
    for (const first of [smaller, larger]) {
      it(`[OR-93] [OR-69] is dialled within 20 s when the other one breaks, to and fro; ${name}, ${first === smaller}`, () => {
        simulate(
          Effect.fnUntraced(function* (site) {
            const nodes = yield* startBoth(site, of(first, false))
            yield* Effect.sleep(5 * minuteMs)
            for (let times = 0; times < 4; times++) {
              const road = yield* roadOf(site)
              if (road !== "near" && road !== "far") throw new Error(`they are linked by "${road}"`)
              site.end(road)
              yield* Effect.sleep(500)
              expect(yield* untilLinked(nodes)).toBeLessThanOrEqual(22_000)
              expect(yield* roadOf(site)).not.toBe(road)
              const before = begun(nodes)
              yield* Effect.sleep(minuteMs)
              expect({ begun: begun(nodes), live: live(nodes) }).toEqual({ begun: before, live: [1, 1] })
              site.join(road)
              yield* Effect.sleep(4 * minuteMs)
            }
          })
        )
      })
    }
  }

  for (const first of [smaller, larger]) {
    it(`[OR-93] whoever crashed and dials again takes over its dead session at once, ${first === smaller}`, () => {
      simulate(
        Effect.fnUntraced(function* (site) {
          const there = yield* site.start(other(first), { finds: true })
          const before = yield* site.start(first, { routes: [own(first, false)] })
          yield* Effect.sleep(5 * minuteMs)
          // The one that stays may have dialled by the far road.
          site.end("far")
          yield* Effect.sleep(minuteMs)
          expect(yield* roadOf(site)).toBe("near")
          yield* before.crash(false)
          const again = yield* site.start(first, { routes: [own(first, false)] })
          yield* Effect.sleep(1_000)
          expect([again.live(), there.live()]).toEqual([1, 1])
          expect((yield* again.status).peers.map(({ state }) => state)).toEqual(["synced"])
        })
      )
    })
  }
})

it("[OR-93] a link that is dead and that one side takes for live keeps another one out for less than a minute", () => {
  simulate(
    Effect.fnUntraced(function* (site) {
      site.cut("near")
      const nodes = yield* startBoth(site, {
        [larger]: { routes: [own(larger, false)] },
        [smaller]: { finds: true }
      })
      yield* Effect.sleep(5 * minuteMs)
      expect(yield* roadOf(site)).toBe("far")
      // Only the larger one sees its end, and the link of the smaller one would stay.
      site.cut("far")
      site.networks.far.dropHost(larger, true)
      site.join("near")
      yield* Effect.sleep(55_000)
      expect({ live: live(nodes), road: yield* roadOf(site) }).toEqual({ live: [1, 1], road: "near" })
    })
  )
})

describe("a relayed link", () => {
  for (const first of [smaller, larger]) {
    it(`[OR-94] gives way to a direct one that the other side dials, and not the other way round, ${first === smaller}`, () => {
      simulate(
        Effect.fnUntraced(function* (site) {
          site.paths.far = "relayed"
          site.paths.near = "lan"
          site.cut("near")
          const nodes = [
            yield* site.start(first, { routes: [own(first, true)] }),
            yield* site.start(other(first), { finds: true })
          ]
          yield* Effect.sleep(minuteMs)
          expect(yield* roadOf(site)).toBe("far")
          site.join("near")
          yield* Effect.sleep(3 * minuteMs)
          expect(yield* roadOf(site)).toBe("near")
          const before = begun(nodes)
          yield* Effect.sleep(30 * minuteMs)
          expect({ begun: begun(nodes), live: live(nodes), road: yield* roadOf(site) }).toEqual({
            begun: before,
            live: [1, 1],
            road: "near"
          })
          for (const node of nodes) {
            const [peer] = (yield* node.status).peers
            expect(peer).toMatchObject({ path: "lan", lastError: undefined })
          }
        })
      )
    })
  }

  it("[OR-94] stays where the other road is relayed as well, which is looked at every 15 minutes", () => {
    simulate(
      Effect.fnUntraced(function* (site) {
        site.paths.far = "relayed"
        site.paths.near = "relayed"
        const nodes = yield* startBoth(site, {
          [smaller]: { routes: [own(smaller, true)] },
          [larger]: { finds: true }
        })
        yield* Effect.sleep(5 * minuteMs)
        const [before, dials] = [begun(nodes), site.dials.near + site.dials.far]
        yield* Effect.sleep(30 * minuteMs)
        expect(begun(nodes)).toEqual(before)
        expect(site.dials.near + site.dials.far - dials).toBe(2)
        for (const node of nodes) expect(node.seen.filter(({ _tag }) => _tag === "SyncError")).toEqual([])
      })
    )
  })

  it("[OR-94] is left at once when a finder tells of the peer", () => {
    simulate(
      Effect.fnUntraced(function* (site) {
        site.paths.near = "relayed"
        site.paths.far = "lan"
        site.cut("far")
        const nodes = yield* startBoth(site, {
          [smaller]: { routes: [own(smaller, true)] },
          [larger]: { finds: true }
        })
        yield* Effect.sleep(5 * minuteMs)
        site.join("far")
        yield* site.tell.get(larger)!.found(peerOf(smaller))
        yield* Effect.sleep(1_500)
        expect({ live: live(nodes), road: yield* roadOf(site) }).toEqual({ live: [1, 1], road: "far" })
      })
    )
  })
})
