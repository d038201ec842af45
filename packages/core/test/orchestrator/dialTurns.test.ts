// Nodes with more routes than they may dial at a time: who has a place, who waits, and who gives way.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import { defaultTiming } from "../../src/session/RunningSession.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { crypto } from "../nodeCrypto.ts"
import { plant, rowOf } from "./planted.ts"
import { makeNode, makeRules, pass, seenBy, type VirtualNode, type VirtualOptions } from "./virtualNodes.ts"

const others = [2, 3, 4, 5, 6, 7]

/** A node that dials six others, two of them at a time. */
const crowd = Effect.fnUntraced(function* (options: Partial<VirtualOptions> = {}) {
  const network = MemoryTransport.makeNetwork()
  const rules = yield* makeRules([1, ...others])
  const dialler = yield* makeNode(network, 1, others, { rules, dialledMax: 2, ...options })
  const listeners: Array<VirtualNode> = []
  for (const device of others) {
    listeners.push(yield* makeNode(network, device, [], { rules: yield* makeRules([1]) }))
  }
  for (const node of [...listeners, dialler]) yield* node.start
  return { network, dialler, listeners }
})

const statesOf = (node: VirtualNode) => Effect.map(node.status, ({ routes }) => routes.map(({ state }) => state))

const count = (states: ReadonlyArray<string>, state: string): number => states.filter((one) => one === state).length

/** Every half second of a time: the most routes that were dialled or linked. */
const mostDialled = Effect.fnUntraced(function* (node: VirtualNode, ms: number) {
  let most = 0
  for (let left = ms; left > 0; left -= 500) {
    yield* pass(500)
    const states = yield* statesOf(node)
    most = Math.max(most, count(states, "connected") + count(states, "dialling"))
  }
  return most
})

describe("places for routes", () => {
  it.effect("[OR-81] a peer whose views go on differing does not keep its place for ever", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const dialler = yield* makeNode(network, 1, [2], { rules: yield* makeRules([1, 2, 3]), dialledMax: 1 })
      const [odd, even] = [
        yield* makeNode(network, 2, [], { rules: yield* makeRules([1]) }),
        yield* makeNode(network, 3, [], { rules: yield* makeRules([1]) })
      ]
      yield* dialler.put("t7", { team: "a", title: "first" })
      for (const node of [odd, even, dialler]) yield* node.start
      yield* pass(3_000)
      const row = rowOf(odd, "t7")
      plant(odd, row, { ...row, version: crypto.randomBytes(32) })
      yield* pass(defaultTiming.proofPeriodMs)
      expect(yield* even.fieldsOf("t7")).toBeUndefined()
      yield* dialler.send({ _tag: "AddRoute", address: "memory:3" })
      yield* pass(2 * defaultTiming.proofPeriodMs)
      expect(yield* even.fieldsOf("t7")).toMatchObject({ title: "first" })
    })
  )

  it.effect("[OR-80] no more than there are places are dialled, and those that wait are called queued", () =>
    Effect.gen(function* () {
      const { dialler } = yield* crowd()
      yield* pass(3_000)
      expect(yield* statesOf(dialler)).toEqual(["connected", "connected", ...Array(4).fill("queued")])
      expect(yield* mostDialled(dialler, 120_000)).toBe(2)
    })
  )

  it.effect("[OR-80] a route that fails does not keep its place", () =>
    Effect.gen(function* () {
      const { dialler, listeners } = yield* crowd({ dialledMax: 1 })
      yield* listeners[0]!.stop
      yield* pass(20_000)
      expect(count(yield* statesOf(dialler), "connected")).toBe(1)
      expect((yield* statesOf(dialler))[0]).not.toBe("connected")
    })
  )

  it.effect("[OR-80] [OR-81] all get their turn, and what is written reaches everybody, by three turns at most", () =>
    Effect.gen(function* () {
      const { dialler, listeners } = yield* crowd()
      yield* dialler.put("t1", { team: "north", title: "for all" })
      yield* pass(3 * 34_000)
      for (const node of listeners) expect(yield* node.fieldsOf("t1")).toMatchObject({ title: "for all" })
      yield* pass(200_000)
      const turns = others.map((device) =>
        seenBy(dialler, "PeerConnected").filter(({ route }) => route === `memory:${device}`)
      )
      const counts = turns.map(({ length }) => length)
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(2)
      // Nothing was the matter, on neither side.
      for (const node of [dialler, ...listeners]) expect(seenBy(node, "SyncError")).toEqual([])
    })
  )

  it.effect("[OR-81] links whose routes nobody waits for stay", () =>
    Effect.gen(function* () {
      const { dialler } = yield* crowd({ dialledMax: 6 })
      yield* pass(10 * 60_000)
      expect(seenBy(dialler, "PeerDisconnected")).toEqual([])
    })
  )

  it.effect("[OR-81] no link is given up in the middle of an exchange", () =>
    Effect.gen(function* () {
      let isStuck = true
      // The first link's acknowledgements do not arrive.
      const { dialler } = yield* crowd({
        dialledMax: 1,
        link: (link) =>
          link.remote === "memory:2" && isStuck
            ? {
                ...link,
                receive: Effect.flatMap(link.receive, (frame) =>
                  Effect.suspend(() => (isStuck ? Effect.as(Effect.sleep(1_000), frame) : Effect.succeed(frame)))
                )
              }
            : link
      })
      // Every answer takes a second, and there is always something under way.
      for (let i = 0; i < 60; i++) {
        yield* dialler.put(`t${i}`, { team: "north", title: "more" })
        yield* pass(1_000)
      }
      expect(seenBy(dialler, "PeerDisconnected")).toEqual([])
      isStuck = false
      yield* pass(40_000)
      expect(seenBy(dialler, "PeerDisconnected").length).toBeGreaterThan(0)
    })
  )

  it.effect("[OR-81] whoever is never at rest gives way at a proof once it has had five minutes", () =>
    Effect.gen(function* () {
      const { dialler, listeners } = yield* crowd({ dialledMax: 1 })
      const write = Effect.fnUntraced(function* (seconds: number) {
        for (let i = 0; i < seconds * 2; i++) {
          yield* listeners[0]!.put(`u${i % 7}`, { team: "north", title: `${i}` })
          yield* pass(500)
        }
      })
      yield* pass(1_000)
      yield* write(120)
      const before = seenBy(dialler, "PeerDisconnected").length
      yield* write(200)
      expect(before).toBeLessThanOrEqual(1)
      expect(seenBy(dialler, "PeerDisconnected").length).toBeGreaterThan(0)
    })
  )

  it.effect("[OR-81] whoever waits for its turn is reached: no mailbox is taken into use for it", () =>
    Effect.gen(function* () {
      const folder = yield* MemoryMailbox.makeFolder
      const { dialler } = yield* crowd({ mailboxes: [MemoryMailbox.make(folder)] })
      yield* pass(6 * 60_000)
      expect((yield* dialler.status).mailboxes).toMatchObject([{ state: "standby" }])
      const before = seenBy(dialler, "RouteChanged").length
      yield* pass(10 * 60_000)
      expect(seenBy(dialler, "RouteChanged").length).toBe(before)
    })
  )

  it.effect("[OR-82] whom somebody wants now is next, and links in step give way to it at once", () =>
    Effect.gen(function* () {
      const { dialler, listeners } = yield* crowd()
      yield* pass(4_000)
      expect((yield* statesOf(dialler))[5]).toBe("queued")
      yield* dialler.send({ _tag: "AddPeer", peer: listeners[5]!.peer, address: "memory:7" })
      yield* dialler.send({ _tag: "ForceSync", peer: listeners[5]!.peer })
      yield* pass(3_000)
      expect((yield* statesOf(dialler))[5]).toBe("connected")
    })
  )

  it.effect("[OR-82] whom somebody wants now is next also where its route waits after a failure", () =>
    Effect.gen(function* () {
      const { dialler, listeners } = yield* crowd()
      const last = listeners[5]!
      yield* last.stop
      yield* dialler.send({ _tag: "AddPeer", peer: last.peer, address: "memory:7" })
      yield* pass(4 * 60_000)
      for (let i = 0; i < 400 && (yield* statesOf(dialler))[5] !== "waiting"; i++) yield* pass(500)
      expect((yield* statesOf(dialler))[5]).toBe("waiting")
      yield* last.start
      yield* dialler.send({ _tag: "ForceSync", peer: last.peer })
      yield* pass(4_000)
      expect((yield* statesOf(dialler))[5]).toBe("connected")
    })
  )
})
