// Nodes that wait for what does not come: they say so within the limit, begin anew, and go on once the cause is gone.
import { expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { describe } from "vitest"
import { stored } from "../../src/crypto/Compression.ts"
import type { JournalShape } from "../../src/journal/Journal.ts"
import { defaultOptions } from "../../src/orchestrator/Supervision.ts"
import { defaultTiming } from "../../src/session/RunningSession.ts"
import type { Link } from "../../src/transport/Link.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import * as FrameCodec from "../../src/wire/FrameCodec.ts"
import type { WireMessage } from "../../src/wire/WireMessage.ts"
import { makeNode, makeRules, pass, seenBy, statusOf, type VirtualNode, type VirtualOptions } from "./virtualNodes.ts"

const { progressMsMax, tickMs } = defaultTiming

/** What becomes of a message; nothing when it is swallowed. */
type Rewrite = (message: WireMessage) => WireMessage | undefined
interface Fault {
  isOn: boolean
  /** What reaches this side. */
  readonly inward?: Rewrite
  /** What leaves this side. */
  readonly outward?: Rewrite
  /** Swallows this side's frames without a trace, so that a number is missing. */
  readonly loses?: (message: WireMessage) => boolean
}

const same: Rewrite = (message) => message

/** A link on which messages are swallowed or changed while their numbers stay in order, as a peer's mistake would. */
const faulty =
  (fault: Fault) =>
  (link: Link): Link => {
    let [sent, received] = [0, 0]
    const rewrite = (frame: Uint8Array, change: Rewrite, number: () => number): Uint8Array | undefined => {
      const decoded = Result.getOrThrow(FrameCodec.decode(stored, frame))
      const message = fault.isOn ? change(decoded.message) : decoded.message
      return message === undefined ? undefined : FrameCodec.encode(stored, { sequence: number(), message })
    }
    const receive: Link["receive"] = Effect.flatMap(link.receive, (frame) => {
      const changed = rewrite(frame, fault.inward ?? same, () => received++)
      return changed === undefined ? receive : Effect.succeed(changed)
    })
    const isLost = (frame: Uint8Array): boolean =>
      fault.isOn && fault.loses?.(Result.getOrThrow(FrameCodec.decode(stored, frame)).message) === true
    return {
      ...link,
      receive,
      send: (frame) => {
        if (isLost(frame)) return Effect.sync(() => void sent++)
        const changed = rewrite(frame, fault.outward ?? same, () => sent++)
        return changed === undefined ? Effect.void : link.send(changed)
      }
    }
  }

const is =
  (...tags: ReadonlyArray<WireMessage["_tag"]>): Rewrite =>
  (message) =>
    tags.includes(message._tag) ? undefined : message

const nodes = Effect.fnUntraced(function* (fault: Fault, options: Partial<VirtualOptions> = {}) {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]) })
  const client = yield* makeNode(network, 2, [1], { ...options, rules: yield* makeRules([1]), link: faulty(fault) })
  return { hub, client }
})

/** Both have something for the other, and the fault keeps it from them. */
const disturbed = Effect.fnUntraced(function* (fault: Fault, options?: Partial<VirtualOptions>) {
  const both = yield* nodes(fault, options)
  yield* both.client.put("from the client", { team: "a", title: "c", votes: 1 })
  yield* both.hub.put("from the hub", { team: "a", title: "h", votes: 1 })
  yield* both.hub.start
  yield* both.client.start
  return both
})

/** The node says within the limit that it stalls, and begins anew. */
const expectStalls = Effect.fnUntraced(function* (node: VirtualNode, awaiting: string) {
  yield* pass(progressMsMax - 2 * tickMs)
  expect(seenBy(node, "Stalled")).toEqual([])
  expect(yield* statusOf(node)).not.toMatchObject({ state: "synced" })
  yield* pass(4 * tickMs)
  expect(seenBy(node, "Stalled")).toMatchObject([{ awaiting }])
  yield* pass(5_000)
  expect(seenBy(node, "PeerConnected").length).toBeGreaterThanOrEqual(2)
})

/** The cause is gone: without any help both get everything. */
const expectRecovery = Effect.fnUntraced(function* (fault: Fault, hub: VirtualNode, client: VirtualNode) {
  fault.isOn = false
  // The longest wait of a dialler that failed before, and the session that follows.
  yield* pass(defaultOptions.retryMsMax + progressMsMax)
  for (const node of [hub, client]) {
    expect(yield* node.fieldsOf("from the client")).toMatchObject({ title: "c", votes: 1 })
    expect(yield* node.fieldsOf("from the hub")).toMatchObject({ title: "h", votes: 1 })
    expect(yield* statusOf(node)).toMatchObject({ state: "synced", pendingIn: 0, pendingOut: 0 })
  }
  expect(yield* hub.hash).toEqual(yield* client.hash)
})

const busy: Rewrite = (message) => (message._tag === "SyncState" ? { ...message, verdict: "busy" } : message)
const endless: Rewrite = (message) => (message._tag === "EventBatch" ? { ...message, isLast: false } : message)

const faults: ReadonlyArray<
  readonly [what: string, who: "client" | "hub", awaiting: string, fault: Omit<Fault, "isOn">]
> = [
  ["a peer that is busy for ever", "client", "the comparison of roots", { inward: busy }],
  ["a peer that acknowledges nothing", "client", "acknowledgements", { inward: is("EventAck") }],
  ["a caller that acknowledges nothing", "hub", "acknowledgements", { outward: is("EventAck") }],
  [
    "a caller that acknowledges nothing and asks for roots all the time",
    "hub",
    "acknowledgements",
    { outward: is("EventAck"), inward: is("SyncState") }
  ],
  ["a peer that never ends its feed", "client", "the peer's changes", { inward: endless }],
  [
    "a caller of whom a frame is missing",
    "hub",
    "a frame that was lost",
    { loses: (message) => message._tag === "EventBatch" }
  ],
  ["a peer that never answers for its roots", "client", "the comparison of roots", { inward: is("SyncState") }]
]

describe("a session that does not move", () => {
  for (const [what, who, awaiting, fault] of faults) {
    it.effect(`[OR-16] ${what} is noticed within 30 seconds, and all goes on when it has ended`, () =>
      Effect.gen(function* () {
        const on: Fault = { ...fault, isOn: true }
        const { client, hub } = yield* disturbed(on)
        yield* expectStalls(who === "client" ? client : hub, awaiting)
        yield* expectRecovery(on, hub, client)
      })
    )
  }

  it.effect("[OR-16] it is noticed as fast when the clock is set back meanwhile", () =>
    Effect.gen(function* () {
      const skew = { ms: 0 }
      const { client } = yield* disturbed({ inward: is("EventAck"), isOn: true }, { skew })
      yield* pass(5_000)
      skew.ms = -60 * 60_000
      yield* pass(progressMsMax)
      expect(seenBy(client, "Stalled")).toMatchObject([{ awaiting: "acknowledgements" }])
    })
  )

  const hanging = ["receive", "settle", "setCursor", "feed", "partitions", "head"] as const
  for (const call of hanging) {
    it.effect(
      `[OR-16] a journal that hangs in ${call} is noticed within 30 seconds, and all goes on when it has ended`,
      () =>
        Effect.gen(function* () {
          const fault: Fault = { isOn: false }
          const hangs = (journal: JournalShape): JournalShape => {
            const whole = journal as unknown as Record<string, unknown>
            const original = whole[call]
            const slow =
              typeof original === "function"
                ? (...given: ReadonlyArray<unknown>) =>
                    Effect.suspend(() => (fault.isOn ? Effect.never : (original as Function)(...given)))
                : Effect.suspend(() => (fault.isOn ? Effect.never : (original as Effect.Effect<unknown>)))
            return Object.create(journal, { [call]: { value: slow } }) as JournalShape
          }
          const { client, hub } = yield* nodes(fault, { journal: hangs })
          yield* hub.start
          yield* client.start
          yield* pass(3_000)
          fault.isOn = true
          yield* hub.put("from the hub", { team: "a", title: "h", votes: 1 })
          yield* client.put("from the client", { team: "a", title: "c", votes: 1 })
          yield* pass(progressMsMax + 3 * tickMs)
          expect(seenBy(client, "Stalled").length + seenBy(hub, "Stalled").length).toBeGreaterThanOrEqual(1)
          yield* pass(3 * progressMsMax)
          yield* expectRecovery(fault, hub, client)
        })
    )
  }
})
