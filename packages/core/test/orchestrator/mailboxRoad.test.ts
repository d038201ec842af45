// A mailbox as the road that is taken while links do not reach somebody.
import { expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { describe } from "vitest"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import type { Mailbox } from "../../src/mailbox/Mailbox.ts"
import { MailboxBusy, MailboxError, MailboxUnreachable } from "../../src/mailbox/MailboxError.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { makeNode, makeRules, pass, seenBy, statusOf, type VirtualNode } from "./virtualNodes.ts"

/** A hub and two devices that dial it, all of them at one mailbox. */
const teamAt = Effect.fnUntraced(function* (as: (mailbox: Mailbox) => Mailbox) {
  const network = MemoryTransport.makeNetwork()
  const folder = yield* MemoryMailbox.makeFolder
  const mailboxes = [as(MemoryMailbox.make(folder))]
  const everybody = () => makeRules([1, 2, 3], [1])
  const hub = yield* makeNode(network, 1, [], { rules: yield* everybody() })
  const a = yield* makeNode(network, 2, [1], { rules: yield* everybody(), mailboxes })
  const b = yield* makeNode(network, 3, [1], { rules: yield* everybody(), mailboxes })
  yield* hub.start
  yield* a.start
  yield* b.start
  yield* pass(3_000)
  return { hub, a, b, folder }
})
const team = teamAt((same) => same)

const roads = (node: VirtualNode) => seenBy(node, "RouteChanged").map(({ from, to }) => ({ from, to }))

describe("a mailbox beside links", () => {
  it.effect("[OR-67] while links reach everybody it stands by, and changes do not wait for it", () =>
    Effect.gen(function* () {
      const { a, b } = yield* team
      yield* a.put("t1", { team: "north", title: "by the hub" })
      yield* pass(2_000)
      expect(yield* b.fieldsOf("t1")).toMatchObject({ title: "by the hub" })
      yield* pass(60_000)
      expect((yield* a.status).mailboxes).toMatchObject([{ state: "standby", devices: 1 }])
      expect(roads(a)).toEqual([])
    })
  )

  it.effect(
    "[OR-67] it is in use 20 s after the link broke, and left 2 min after it is back; the records are the same",
    () =>
      Effect.gen(function* () {
        const { a, b, hub } = yield* team
        yield* hub.stop
        yield* pass(1_000)
        yield* a.put("t1", { team: "north", title: "by the mailbox" })
        yield* pass(24_000)
        expect(yield* b.fieldsOf("t1")).toMatchObject({ title: "by the mailbox" })
        expect(roads(a)).toEqual([{ from: null, to: "memory:" }])
        expect((yield* a.status).mailboxes).toMatchObject([{ state: "active", devices: 1, lastError: undefined }])
        yield* b.put("t2", { team: "north", title: "back" })
        yield* pass(5_000)
        expect(yield* a.fieldsOf("t2")).toMatchObject({ title: "back" })
        yield* pass(31_000)
        expect(yield* statusOf(a, 3)).toMatchObject({ state: "synced", route: "memory:", pendingOut: 0 })
        yield* hub.start
        yield* pass(64_000)
        expect(yield* hub.hash).toEqual(yield* a.hash)
        yield* pass(125_000)
        expect(roads(a)).toEqual([
          { from: null, to: "memory:" },
          { from: "memory:", to: null }
        ])
        expect((yield* a.status).mailboxes).toMatchObject([{ state: "standby" }])
        for (const node of [a, b]) expect(yield* node.hash).toEqual(yield* hub.hash)
      })
  )

  it.effect("[OR-67] what others leave while they turn to it is seen soon, though nothing tells of it", () =>
    Effect.gen(function* () {
      const { a, b, hub } = yield* teamAt((mailbox) => ({
        ...mailbox,
        open: (place) => Effect.map(mailbox.open(place), (opened) => ({ ...opened, changes: Stream.never }))
      }))
      yield* hub.stop
      yield* a.put("t1", { team: "north", title: "by the mailbox" })
      yield* b.put("t2", { team: "north", title: "by it, too" })
      yield* pass(25_000)
      // One of them has looked before the other has left something.
      expect(yield* b.fieldsOf("t1")).toMatchObject({ title: "by the mailbox" })
      expect(yield* a.fieldsOf("t2")).toMatchObject({ title: "by it, too" })
    })
  )

  it.effect("[OR-70] the same commits by a link and by a mailbox count once", () =>
    Effect.gen(function* () {
      const { a, b, hub } = yield* team
      yield* hub.stop
      yield* pass(25_000)
      yield* a.put("t1", { team: "north", title: "x", votes: 2 })
      yield* pass(3_000)
      yield* hub.start
      yield* pass(64_000)
      expect(yield* b.fieldsOf("t1")).toMatchObject({ votes: 2 })
      expect(yield* hub.hash).toEqual(yield* b.hash)
    })
  )

  it.effect(
    "[OR-71] nothing is left for a paused peer nor read of it, and it gets what it missed once it is resumed",
    () =>
      Effect.gen(function* () {
        const { a, b, hub } = yield* team
        yield* a.pause(b.peer)
        yield* hub.stop
        yield* pass(25_000)
        yield* a.put("t1", { team: "north", title: "a" })
        yield* b.put("t2", { team: "north", title: "b" })
        yield* pass(40_000)
        expect(yield* b.fieldsOf("t1")).toBeUndefined()
        expect(yield* a.fieldsOf("t2")).toBeUndefined()
        yield* a.resume(b.peer)
        yield* pass(120_000)
        expect(yield* b.fieldsOf("t1")).toMatchObject({ title: "a" })
        expect(yield* a.hash).toEqual(yield* b.hash)
      })
  )
})

/** A mailbox that answers as it is told. */
const failing = (inner: Mailbox, problem: { reason: MailboxError["reason"] | undefined }): Mailbox => ({
  ...inner,
  open: (place) =>
    Effect.map(inner.open(place), (shape) => ({
      ...shape,
      list: Effect.suspend(() =>
        problem.reason === undefined
          ? shape.list
          : Effect.fail(new MailboxError({ mailbox: inner.name, reason: problem.reason }))
      )
    }))
})

describe("a mailbox that fails", () => {
  it.effect("[OR-68] it is asked again later and later, no sooner than it says, and goes on once it can", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const folder = yield* MemoryMailbox.makeFolder
      const problem: { reason: MailboxError["reason"] | undefined } = {
        reason: new MailboxBusy({ problem: "too many", afterMs: 50_000 })
      }
      const a = yield* makeNode(network, 1, [], {
        rules: yield* makeRules([1, 2]),
        mailboxes: [failing(MemoryMailbox.make(folder), problem)]
      })
      const b = yield* makeNode(network, 2, [], {
        rules: yield* makeRules([1, 2]),
        mailboxes: [MemoryMailbox.make(folder)]
      })
      yield* a.start
      yield* b.start
      yield* a.put("t1", { team: "north", title: "a" })
      yield* pass(120_000)
      const errors = seenBy(a, "SyncError")
      expect(errors.length).toBeGreaterThan(1)
      expect(errors.length).toBeLessThanOrEqual(3)
      expect(errors[0]).toMatchObject({ route: "memory:", code: "MailboxBusy", willRetry: true })
      expect((yield* a.status).mailboxes[0]?.lastError).toContain("too many")
      problem.reason = undefined
      yield* pass(90_000)
      expect(yield* b.fieldsOf("t1")).toMatchObject({ title: "a" })
      expect((yield* a.status).mailboxes).toMatchObject([{ lastError: undefined, attempts: 0 }])
    })
  )
})

describe("a mailbox that goes away", () => {
  it.effect("[OR-86] it is opened anew once it is back, and where the node starts again", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const folder = yield* MemoryMailbox.makeFolder
      const problem: { reason: MailboxError["reason"] | undefined } = {
        reason: new MailboxUnreachable({ problem: "the drive is not there" })
      }
      const a = yield* makeNode(network, 1, [], {
        rules: yield* makeRules([1, 2]),
        mailboxes: [failing(MemoryMailbox.make(folder), problem)]
      })
      const b = yield* makeNode(network, 2, [], {
        rules: yield* makeRules([1, 2]),
        mailboxes: [MemoryMailbox.make(folder)]
      })
      yield* a.start
      yield* b.start
      yield* a.put("t1", { team: "north", title: "a" })
      yield* pass(30_000)
      problem.reason = undefined
      yield* pass(90_000)
      expect(yield* b.fieldsOf("t1")).toMatchObject({ title: "a" })
      expect(new Set(seenBy(a, "SyncError").map(({ code }) => code))).toEqual(new Set(["MailboxUnreachable"]))
      yield* a.stop
      yield* pass(1_000)
      yield* a.start
      yield* a.put("t2", { team: "north", title: "again" })
      yield* pass(60_000)
      expect(yield* b.fieldsOf("t2")).toMatchObject({ title: "again" })
    })
  )
})

describe("several addresses of one peer", () => {
  it.effect("[OR-69] the next is dialled once the one before has failed for 20 s, and the first again later", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]) })
      const client = yield* makeNode(network, 2, [], {
        rules: yield* makeRules([1]),
        routes: [
          { address: "memory:elsewhere", peer: hub.peer },
          { address: "memory:1", peer: hub.peer }
        ]
      })
      yield* hub.start
      yield* client.start
      yield* pass(19_000)
      expect(yield* statusOf(client)).toBeUndefined()
      yield* pass(10_000)
      expect(yield* statusOf(client)).toMatchObject({ state: "synced", route: "memory:1" })
      // The better address comes to be.
      network.listeners.set("memory:elsewhere", network.listeners.get("memory:1")!)
      yield* pass(90_000)
      expect(yield* statusOf(client)).toMatchObject({ route: "memory:1" })
      yield* pass(60_000)
      expect(yield* statusOf(client)).toMatchObject({ state: "synced", route: "memory:elsewhere" })
      expect(seenBy(client, "RouteChanged")).toMatchObject([
        { peer: hub.peer, from: "memory:1", to: "memory:elsewhere" }
      ])
    })
  )
})
