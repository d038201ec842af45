/**
 * A session with a peer that is not admitted and heard all the same: what it may say, and what it gets to see. A part of
 * `SessionConformance`.
 */
import { expect } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, type Scope } from "effect"
import * as Charter from "../charter/Charter.ts"
import type { CharterOperation } from "../charter/CharterOperation.ts"
import * as CharterRecord from "../charter/CharterRecord.ts"
import { CharterStore } from "../charter/CharterStore.ts"
import { type AuditedAction, Gate } from "../gate/Gate.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import { Journal } from "../journal/Journal.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import * as CharterExchange from "../session/CharterExchange.ts"
import { defaultTiming, type SessionTiming } from "../session/RunningSession.ts"
import type * as Wire from "../wire/WireMessage.ts"
import { type Open, type Services, sessionTest } from "./SessionTest.ts"
import { crypto, gateFor, greet, layerDevice, peerOf, prove, signerOf, space } from "./SpokenSession.ts"
import type { TransportSetup } from "./TransportConformance.ts"

const found: CharterOperation = {
  _tag: "Found",
  name: "Space",
  hub: null,
  member: "ann",
  memberName: "Ann",
  device: signerOf(1).publicKey,
  deviceName: "Ann's laptop"
}
const member = (id: string, role: string): CharterOperation => ({
  _tag: "AddMember",
  member: id,
  name: id,
  role,
  teams: []
})

/** A record behind another one, or behind nothing. */
const record = (
  before: CharterRecord.CharterRecord | undefined,
  device: number,
  ...operations: ReadonlyArray<CharterOperation>
): CharterRecord.CharterRecord => {
  const version = (before?.version ?? 0) + 1
  return CharterRecord.seal(crypto, signerOf(device), {
    space,
    version,
    behind: before === undefined ? [] : [before.id],
    at: HybridTime.make(1_800_000_000_000, version - 1),
    behalf: "",
    note: "",
    operations
  })
}

const owner = (id: string, device: number): ReadonlyArray<CharterOperation> => [
  member(id, "owner"),
  { _tag: "AddDevice", member: id, device: signerOf(device).publicKey, name: `device ${device}` }
]
const teamOf = (id: string) => ({ _tag: "SetTeam", team: id, name: id }) as const
const removing = (member: string) => ({ _tag: "RemoveMember", member }) as const

/** Ann (1), mia (3) and olga (2) own the space, in this order; mia and olga remove each other, and olga goes on. */
const first = record(undefined, 1, found)
const second = record(first, 1, ...owner("mia", 3))
const third = record(second, 1, ...owner("olga", 2))
const ofOlga = record(third, 2, removing("mia"))
const ofMia = record(third, 3, removing("olga"))
const later = record(ofOlga, 2, teamOf("later"))
/** Ann, who is senior to both, knew that mia was gone. */
const settled = record(ofOlga, 1, teamOf("later"))
/** Without any right: mia signs it behind her removal. */
const voidOne = record(ofOlga, 3, teamOf("void"))

const charterLayer = () =>
  Charter.layer({ space, policyProblem: () => undefined }).pipe(Layer.provide(CharterStore.layerMemory()), Layer.orDie)

/** What the gate was told; while `isSlow` it does not answer. */
interface Watched {
  readonly audited: Array<AuditedAction>
  isSlow: boolean
}

/** Ann's node, whose gate goes by the charter; it hears who was removed. */
const nodeOf = (watched: Watched) =>
  Layer.effect(
    Gate,
    Effect.gen(function* () {
      const charter = yield* Charter.Charter
      const gate = yield* Gate
      return {
        ...gate,
        admits: (peer) =>
          Effect.suspend(() => {
            if (watched.isSlow) return Effect.never
            const { devices, removedDevices, version } = charter.state()
            const decision = { rule: "charter/device", policyVersion: version, because: "as the charter says" }
            return Effect.succeed({ ...decision, allowed: devices.has(peer), isHeard: removedDevices.has(peer) })
          }),
        audit: (audited) => Effect.sync(() => void watched.audited.push(audited))
      } satisfies Gate["Service"]
    })
  ).pipe(
    Layer.provide(gateFor([2, 3])),
    Layer.provideMerge(Layer.mergeAll(MemoryJournal.layer({ space }), charterLayer())),
    Layer.provideMerge(layerDevice(1))
  )

/** Runs a test on ann's node, which knows these records. */
const onNode = <A, E>(
  records: ReadonlyArray<CharterRecord.CharterRecord>,
  test: (charter: Charter.CharterShape, watched: Watched) => Effect.Effect<A, E, Services>
) =>
  Effect.gen(function* () {
    const watched: Watched = { audited: [], isSlow: false }
    const services = yield* Layer.build(nodeOf(watched))
    const charter = Context.get(services, Charter.Charter)
    yield* charter.receive(records.map(({ bytes }) => bytes))
    return yield* Effect.provide(test(charter, watched), services)
  })

const known = [first, second, third, ofOlga, later]
const otherDigest = new Uint8Array(16).fill(7)
const blank = {
  space: SpaceId.toBytes(space),
  incarnation: new Uint8Array(8),
  head: 0,
  root: new Uint8Array(16),
  count: 0,
  cursorOf: null,
  cursor: 0,
  charter: new Uint8Array(16)
}
const saying = (...records: ReadonlyArray<CharterRecord.CharterRecord>): Wire.CharterSync => ({
  _tag: "CharterSync",
  digest: otherDigest,
  marks: [],
  rivals: [],
  records: records.map(({ bytes }) => bytes)
})

/** Limits of time are no part of these tests, and the machine may be busy. */
const patient: SessionTiming = { ...defaultTiming, greetingMsMax: 15_000 }

/** Mia opens and greets with another charter; gives what she is answered. */
const greeted = Effect.fnUntraced(function* (open: Open, change: Partial<Wire.Hello> = {}) {
  const { end, notices, session } = yield* open("responder", { timing: patient })
  yield* greet(
    end,
    3,
    (hello) =>
      ({
        ...hello,
        ...blank,
        incarnation: Bytes.fromHex("0011223344556677")!,
        charter: otherDigest,
        ...change
      }) as Wire.Hello
  )
  return { end, notices, session, answer: yield* end.hear() }
})

/** Ann opens, and a device proves itself; gives its greeting. */
const answered = Effect.fnUntraced(function* (open: Open, device: number) {
  const { end, notices, session } = yield* open("initiator", { timing: patient })
  yield* prove(end, device)
  return { end, notices, session, hello: yield* end.hear() }
})

const real = { ...blank, incarnation: Bytes.fromHex("0011223344556677")!, head: 3, count: 2, charter: otherDigest }

const recordsIn = (message: Wire.WireMessage) =>
  message._tag === "CharterSync" ? message.records.map(Bytes.toHex) : message

/** Nothing of the peer was kept. */
const isUnknown = Effect.fnUntraced(function* (device: number) {
  const journal = yield* Journal
  expect(yield* journal.peer(peerOf(device))).toBe(undefined)
  expect(yield* journal.head).toBe(0)
})

/** Registers one test. */
type Heard = <E>(title: string, body: (open: Open) => Effect.Effect<void, E, Scope.Scope>) => void

/** Adds the suite to the test file that calls it. */
export const hearing = (setup: TransportSetup): void => {
  const heard: Heard = (title, body) => sessionTest(setup, title, Layer.empty, body)
  shown(heard)
  refused(heard)
  bounded(heard)
  crowded(heard)
  telling(heard)
}

const shown = (heard: Heard): void => {
  heard(
    "[CX-6] [SE-33] it is shown nothing, names what it may send from, and is refused or let in by what it says",
    (open) =>
      onNode(known, (charter, { audited }) =>
        Effect.gen(function* () {
          const { answer, end, notices, session } = yield* greeted(open)
          expect(answer).toEqual({ _tag: "HelloAck", verdict: "feed", ...blank })
          yield* end.say(saying())
          // Up to its removal; the team that came later, and that there is one, is none of its business.
          expect(yield* end.hear()).toEqual({
            _tag: "CharterSync",
            digest: new Uint8Array(16),
            marks: [ofOlga, third, second, first].map(({ id }, i) => [4 - i, Bytes.fromHex(id)]),
            rivals: [],
            records: []
          })
          expect(charter.state().devices.has(peerOf(3))).toBe(false)
          yield* end.say(saying(ofMia))
          expect(yield* end.hear()).toEqual({ _tag: "Error", code: "PeerHeard", detail: "" })
          expect(yield* Fiber.join(session)).toBe("PeerHeard")
          expect([...charter.state().members.keys()]).toEqual(["ann", "mia"])
          expect(notices).toEqual([])
          expect(audited.map(({ action, decision }) => [action, decision.allowed])).toEqual([["admit", false]])
          yield* isUnknown(3)
        })
      )
  )

  heard("[CX-6] [SE-33] [SE-4] the same where this side dials", (open) =>
    onNode(known, (charter) =>
      Effect.gen(function* () {
        const { end, hello, notices, session } = yield* answered(open, 3)
        expect(hello).toMatchObject({ _tag: "Hello", ...blank })
        yield* end.say({ _tag: "HelloAck", verdict: "feed", ...real })
        expect(yield* end.hear()).toMatchObject({ _tag: "CharterSync", rivals: [], records: [] })
        yield* end.say(saying(ofMia))
        expect(yield* end.hear()).toMatchObject({ _tag: "Error", code: "PeerHeard" })
        expect(yield* Fiber.join(session)).toBe("PeerHeard")
        expect(charter.state().members.has("mia")).toBe(true)
        expect(notices).toEqual([])
        yield* isUnknown(3)
      })
    )
  )
}

const refused = (heard: Heard): void => {
  heard("[SE-33] who has nothing to say is refused at once, as anybody who is not admitted", (open) =>
    onNode(known, (charter) =>
      Effect.gen(function* () {
        const silent: ReadonlyArray<Partial<Wire.Hello>> = [
          { charter: null },
          { charter: charter.digest() },
          { incarnation: new Uint8Array(8) },
          { space: otherDigest }
        ]
        for (const change of silent) {
          const { answer } = yield* greeted(open, change)
          expect(answer).toEqual({ _tag: "Error", code: "PeerDenied", detail: "" })
        }
        const { end, session } = yield* answered(open, 3)
        yield* end.say({ _tag: "HelloAck", verdict: "equal", ...real, charter: charter.digest() })
        expect(yield* end.hear()).toEqual({ _tag: "Error", code: "PeerDenied", detail: "" })
        expect(yield* Fiber.join(session)).toBe("PeerDenied")
        const stranger = yield* answered(open, 9)
        expect(stranger.hello).toEqual({ _tag: "Error", code: "PeerDenied", detail: "" })
      })
    )
  )

  heard("[SE-33] anything but its charter ends it, and nothing is taken in", (open) =>
    onNode(known, () =>
      Effect.gen(function* () {
        const wrong: ReadonlyArray<Wire.WireMessage> = [
          {
            _tag: "EventBatch",
            batch: 0,
            source: "feed",
            from: 0,
            upto: 1,
            isLast: true,
            commits: [new Uint8Array(9)]
          },
          { _tag: "SyncRequest" } as Wire.WireMessage,
          { _tag: "Ping", token: 1 }
        ]
        for (const message of wrong) {
          const { end, session } = yield* greeted(open)
          yield* end.say(message)
          expect(["ProtocolViolated", "FrameMalformed"]).toContain(yield* Fiber.join(session))
        }
        yield* isUnknown(3)
      })
    )
  )
}

const bounded = (heard: Heard): void => {
  heard("[SE-34] what counts nowhere, and what was said before, is the last message", (open) =>
    onNode(known, (_charter, { audited }) =>
      Effect.gen(function* () {
        const refusals = () => audited.filter(({ decision }) => decision.rule === "charter/record").length
        for (const records of [[voidOne, record(ofOlga, 3, teamOf("x")), record(ofOlga, 3, teamOf("y"))], []]) {
          const { end, session } = yield* greeted(open)
          yield* end.say(saying())
          yield* end.hear()
          yield* end.say(saying(...records))
          expect(yield* end.hear()).toMatchObject({ _tag: "Error", code: "PeerDenied" })
          expect(yield* Fiber.join(session)).toBe("PeerDenied")
        }
        expect(refusals()).toBe(1)
        const { end, session } = yield* greeted(open)
        yield* end.say(saying(first))
        // It is not asked for that again.
        expect(yield* end.hear()).toMatchObject({ rivals: [Bytes.fromHex(first.id)], records: [] })
        yield* end.say(saying(first))
        expect(yield* Fiber.join(session)).toBe("PeerDenied")
      })
    )
  )

  heard("[SE-33] what was taken in makes nobody a member who is none", (open) =>
    onNode([first, second, third, ofOlga, settled], (charter) =>
      Effect.gen(function* () {
        const { end, session } = yield* greeted(open)
        yield* end.say(saying())
        yield* end.hear()
        // It did not know of its removal, behind which somebody senior wrote: kept, and counting for nothing.
        yield* end.say(saying(record(third, 3, member("new", "member"))))
        expect(yield* end.hear()).toMatchObject({ _tag: "CharterSync", records: [] })
        yield* end.say(saying())
        expect(yield* Fiber.join(session)).toBe("PeerDenied")
        expect(charter.state().members.has("new")).toBe(false)
      })
    )
  )
}

const crowded = (heard: Heard): void => {
  heard("[SE-34] one session takes 64 messages, and two frames of what waits", (open) => {
    const teams = Array.from({ length: 80 }).reduce<Array<CharterRecord.CharterRecord>>(
      (all, _, i) => [...all, record(all.at(-1) ?? third, 1, teamOf(`t${i}`))],
      []
    )
    const removal = record(teams.at(-1), 2, removing("mia"))
    return onNode([first, second, third, ...teams, removal], (_charter, watched) =>
      Effect.gen(function* () {
        const { end, session } = yield* greeted(open)
        let answers = 0
        for (const each of teams) {
          yield* end.say(saying(each))
          if ((yield* end.hear())._tag === "Error") break
          answers++
        }
        expect(answers).toBe(CharterExchange.heardMessagesMax)
        expect(yield* Fiber.join(session)).toBe("PeerDenied")
        const hasty = yield* greeted(open)
        watched.isSlow = true
        const large = { ...saying(), records: [new Uint8Array(900_000)] }
        // One may be taken in before the gate falls silent.
        yield* Effect.forkScoped(Effect.forEach(Array.from({ length: 5 }), () => hasty.end.say(large)))
        expect(yield* Fiber.join(hasty.session)).toBe("ProtocolViolated")
      })
    )
  })
}

const telling = (heard: Heard): void => {
  heard("[CX-5] [SE-35] who is heard tells what it knows, goes live never, and keeps nothing of who hears it", (open) =>
    // Ann is the one who is not admitted here; she knows of no removal of hers.
    onNode([first, second, third, ofMia], () =>
      Effect.gen(function* () {
        const said: Wire.CharterSync = {
          ...saying(),
          digest: new Uint8Array(16),
          marks: [[3, Bytes.fromHex(third.id)!]]
        }
        const dialled = yield* answered(open, 3)
        expect(dialled.hello).toMatchObject({ _tag: "Hello" })
        yield* dialled.end.say({ _tag: "HelloAck", verdict: "feed", ...blank })
        expect(yield* dialled.end.hear()).toMatchObject({ _tag: "CharterSync", records: [] })
        yield* dialled.end.say(said)
        expect(recordsIn(yield* dialled.end.hear())).toEqual([Bytes.toHex(ofMia.bytes)])
        yield* dialled.end.say({ _tag: "Error", code: "PeerHeard", detail: "" })
        expect(yield* Fiber.join(dialled.session)).toBe("PeerRefused")

        const { answer, end, notices, session } = yield* greeted(open, blank)
        expect(answer).toMatchObject({ _tag: "HelloAck", verdict: "feed", cursorOf: null, cursor: 0 })
        yield* end.say(said)
        expect(recordsIn(yield* end.hear())).toEqual([Bytes.toHex(ofMia.bytes)])
        yield* end.say({ _tag: "Error", code: "PeerDenied", detail: "" })
        expect(yield* Fiber.join(session)).toBe("PeerRefused")
        expect([...dialled.notices, ...notices]).toEqual([])
        yield* isUnknown(3)
      })
    )
  )
}
