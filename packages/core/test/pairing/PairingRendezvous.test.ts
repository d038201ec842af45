// A meeting place against callers who mean no good, and what whoever runs it can learn.
import { describe, expect, it } from "@effect/vitest"
import { ristretto255 } from "@noble/curves/ed25519.js"
import { Deferred, Effect, Fiber, Metric } from "effect"
import * as TestClock from "effect/testing/TestClock"
import * as LinkMeeting from "../../src/pairing/LinkMeeting.ts"
import * as MeetingFrame from "../../src/pairing/MeetingFrame.ts"
import { frameBytesMax, pathFramesMax, pathMsMax } from "../../src/pairing/PairingMeeting.ts"
import * as Message from "../../src/pairing/PairingMessage.ts"
import * as PairingMetrics from "../../src/pairing/PairingMetrics.ts"
import * as PairingRendezvous from "../../src/pairing/PairingRendezvous.ts"
import type { Link } from "../../src/transport/Link.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { crypto } from "../nodeCrypto.ts"
import * as Site from "./pairingSite.ts"

/** A meeting place, the frames that it carried, and callers by name. */
const site = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const heard: Array<Uint8Array> = []
  const rendezvous = yield* PairingRendezvous.make
  const listening = (link: Link): Link => ({
    ...link,
    receive: Effect.tap(link.receive, (frame) => Effect.sync(() => heard.push(frame)))
  })
  yield* MemoryTransport.make(network, "hub").listen((link) => rendezvous.serve(listening(link)))
  const caller = (name: string) => MemoryTransport.make(network, name).dial("memory:hub")
  const road = (name: string) => LinkMeeting.make(MemoryTransport.make(network, name), "memory:hub")
  return { caller, road, heard }
})

const hold = (link: Link, slot: number | undefined, seed = 0) =>
  said(link, { _tag: "Hold", slot, token: new Uint8Array(16).fill(seed) })
const said = Effect.fnUntraced(function* (link: Link, frame: MeetingFrame.MeetingFrame) {
  yield* link.send(MeetingFrame.encode(frame))
  return MeetingFrame.decode(yield* link.receive)
})
const provide = Effect.provide(Site.layerCrypto)

describe("a meeting place", () => {
  it.live("[PB-1] holds so many slots and no more, and each for one", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      const slots = new Set<number>()
      for (let i = 0; i < PairingRendezvous.slotsHeldMax; i++) {
        const answer = yield* hold(yield* caller(`holder ${i}`), undefined)
        if (answer?._tag === "Held") slots.add(answer.slot)
      }
      expect(slots.size).toBe(PairingRendezvous.slotsHeldMax)
      expect(yield* hold(yield* caller("more"), undefined)).toEqual({ _tag: "Refused", because: "busy" })
      const [first] = slots
      expect(yield* hold(yield* caller("thief"), first, 1)).toEqual({ _tag: "Refused", because: "taken" })
    }).pipe(Effect.scoped, provide)
  )

  it.effect("[PB-9] [PB-2] what links of the minute before come to is no room for more guesses", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      yield* TestClock.adjust(1)
      yield* said(yield* caller("guesser"), { _tag: "Visit", slot: 1 })
      yield* TestClock.adjust(59_000)
      // They say nothing yet.
      const quiet: Array<Link> = []
      for (let i = 0; i < 59; i++) quiet.push(yield* caller("guesser"))
      yield* TestClock.adjust(1_500)
      let empty = 0
      const guess = Effect.gen(function* () {
        for (;;) {
          const link = yield* caller("guesser")
          // A call that is turned away may be closed before it speaks.
          yield* Effect.ignore(link.send(MeetingFrame.encode({ _tag: "Visit", slot: 2 })))
          const answer = MeetingFrame.decode(yield* link.receive)
          if (answer?._tag !== "Refused" || answer.because !== "empty") return
          empty++
        }
      })
      yield* guess
      for (const link of quiet) yield* hold(link, 7)
      yield* guess
      expect(empty).toBe(PairingRendezvous.failuresPerMinuteMax)
    }).pipe(Effect.scoped, provide)
  )

  it.effect("[PB-10] one address that holds one slot again and again, visited or not, leaves the place to others", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      for (let minute = 0; minute < 10; minute++) {
        for (let i = 0; i < 130; i++) {
          const [holder, visitor] = [yield* caller("greedy"), yield* caller("greedy")]
          expect(yield* hold(holder, 7)).toEqual({ _tag: "Held", slot: 7 })
          if (minute < 5) expect(yield* said(visitor, { _tag: "Visit", slot: 7 })).toEqual({ _tag: "Met" })
          else expect(yield* hold(visitor, 7)).toEqual({ _tag: "Held", slot: 7 })
        }
        yield* TestClock.adjust(60_000)
      }
      expect(yield* hold(yield* caller("honest"), undefined, 1)).toMatchObject({ _tag: "Held" })
    }).pipe(Effect.scoped, provide)
  )

  it.effect("[PB-8] leaves slots for others, however many one address asks for, and counts those that are kept", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      const busy = { _tag: "Refused", because: "busy" } as const
      const links: Array<Link> = []
      for (let i = 0; i < PairingRendezvous.slotsPerAddressMax; i++) {
        const link = yield* caller("greedy")
        expect(yield* hold(link, i, 1)).toMatchObject({ _tag: "Held" })
        links.push(link)
      }
      expect(yield* hold(yield* caller("greedy"), undefined, 1)).toEqual(busy)
      expect(yield* hold(yield* caller("greedy"), 700, 1)).toEqual(busy)
      expect(yield* hold(yield* caller("honest"), undefined)).toMatchObject({ _tag: "Held" })
      // A holder comes back to its slot, also from elsewhere; that makes no room.
      yield* links[0]!.close
      yield* TestClock.adjust(10)
      expect(yield* hold(yield* caller("greedy"), undefined, 1)).toEqual(busy)
      const moved = yield* caller("greedy's other address")
      expect(yield* hold(moved, 0, 1)).toEqual({ _tag: "Held", slot: 0 })
      expect(yield* hold(yield* caller("greedy"), undefined, 1)).toEqual(busy)
      yield* moved.close
      yield* TestClock.adjust(PairingRendezvous.awayMsMax)
      expect(yield* hold(yield* caller("greedy"), undefined, 1)).toMatchObject({ _tag: "Held" })
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PB-2] lets thirty devices behind one address hold, come back and visit within a minute", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      for (let device = 0; device < 30; device++) {
        for (let times = 0; times < 2; times++) {
          const holder = yield* caller("classroom")
          expect(yield* hold(holder, device, device)).toEqual({ _tag: "Held", slot: device })
          const visitor = yield* caller("classroom")
          expect(yield* said(visitor, { _tag: "Visit", slot: device })).toEqual({ _tag: "Met" })
          yield* Effect.all([holder.close, visitor.close])
        }
      }
    }).pipe(Effect.scoped, provide)
  )

  it.effect("[PB-2] takes so many calls of an address within a minute", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      for (let i = 0; i < PairingRendezvous.callsPerMinuteMax; i++) {
        const link = yield* caller("busy")
        expect(yield* hold(link, 3)).toMatchObject({ _tag: "Held" })
        yield* link.close
      }
      const refused = yield* (yield* caller("busy")).receive
      expect(MeetingFrame.decode(refused)).toEqual({ _tag: "Refused", because: "busy" })
      expect(yield* hold(yield* caller("other"), 4)).toMatchObject({ _tag: "Held" })
    }).pipe(Effect.scoped, provide)
  )

  it.effect("[PB-2] takes fewer that come to nothing", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      const call = Effect.gen(function* () {
        return yield* said(yield* caller("busy"), { _tag: "Visit", slot: 3 })
      })
      for (let i = 0; i < PairingRendezvous.failuresPerMinuteMax; i++)
        expect(yield* call).toMatchObject({ because: "empty" })
      const refused = yield* (yield* caller("busy")).receive
      expect(MeetingFrame.decode(refused)).toEqual({ _tag: "Refused", because: "busy" })
      expect(yield* said(yield* caller("other"), { _tag: "Visit", slot: 3 })).toMatchObject({ because: "empty" })
      yield* TestClock.adjust(60_000)
      expect(yield* call).toMatchObject({ because: "empty" })
    }).pipe(Effect.scoped, provide)
  )

  it.effect("[PB-2] takes as few at once of which it does not know yet what they want", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      for (let i = 0; i < PairingRendezvous.failuresPerMinuteMax; i++) yield* caller("silent")
      const refused = yield* (yield* caller("silent")).receive
      expect(MeetingFrame.decode(refused)).toEqual({ _tag: "Refused", because: "busy" })
    }).pipe(Effect.scoped, provide)
  )

  it.effect("[PB-3] ends whoever says nothing, or what makes no sense", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      const silent = yield* caller("silent")
      const waiting = yield* Effect.forkChild(Effect.result(silent.receive), { startImmediately: true })
      yield* TestClock.adjust(PairingRendezvous.helloMsMax)
      expect((yield* Fiber.join(waiting))._tag).toBe("Success")
      for (const frame of [new Uint8Array(0), Uint8Array.of(9, 1), Uint8Array.of(1, 9), new Uint8Array(5_000)]) {
        const link = yield* caller("odd")
        yield* link.send(frame)
        expect(MeetingFrame.decode(yield* link.receive)).toEqual({ _tag: "Refused", because: "malformed" })
        expect((yield* Effect.result(link.receive))._tag).toBe("Failure")
      }
      const beyond = yield* caller("beyond")
      expect(yield* said(beyond, { _tag: "Visit", slot: 4_000 })).toMatchObject({ because: "empty" })
      expect(yield* hold(yield* caller("beyond"), 1_000)).toMatchObject({ because: "busy" })
    }).pipe(Effect.scoped, provide)
  )

  it.effect("[PB-4] frees a slot that is held too long, and keeps one a moment for its holder and nobody else", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      const holder = yield* caller("a")
      expect(yield* hold(holder, 7, 1)).toEqual({ _tag: "Held", slot: 7 })
      yield* holder.close
      yield* TestClock.adjust(10)
      expect(yield* hold(yield* caller("b"), 7, 2)).toMatchObject({ because: "taken" })
      const again = yield* caller("a")
      expect(yield* hold(again, 7, 1)).toEqual({ _tag: "Held", slot: 7 })
      yield* again.close
      yield* TestClock.adjust(PairingRendezvous.awayMsMax)
      const other = yield* caller("b")
      expect(yield* hold(other, 7, 2)).toEqual({ _tag: "Held", slot: 7 })
      yield* TestClock.adjust(PairingRendezvous.heldMsMax)
      expect((yield* Effect.result(other.receive))._tag).toBe("Failure")
      yield* TestClock.adjust(PairingRendezvous.awayMsMax)
      expect(yield* hold(yield* caller("c"), 7, 3)).toEqual({ _tag: "Held", slot: 7 })
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PB-4] gives a slot back to its holder at once, also while the end of its last visit is under way", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const { serve } = yield* PairingRendezvous.make
      const ending = yield* Deferred.make<void>()
      // The way to one visitor takes its time to close.
      const slow = (link: Link): Link =>
        link.remote === "memory:slow" ? { ...link, close: Effect.andThen(Deferred.await(ending), link.close) } : link
      yield* MemoryTransport.make(network, "hub").listen((link) => serve(slow(link)))
      const caller = (name: string) => MemoryTransport.make(network, name).dial("memory:hub")
      const first = yield* caller("holder")
      expect(yield* hold(first, 7, 1)).toEqual({ _tag: "Held", slot: 7 })
      expect(yield* said(yield* caller("slow"), { _tag: "Visit", slot: 7 })).toEqual({ _tag: "Met" })
      yield* first.close
      const again = yield* caller("holder")
      expect(yield* hold(again, 7, 1)).toEqual({ _tag: "Held", slot: 7 })
      expect(yield* said(yield* caller("next"), { _tag: "Visit", slot: 7 })).toEqual({ _tag: "Met" })
      yield* Deferred.succeed(ending, undefined)
      yield* Effect.sleep(20)
      expect(yield* said(yield* caller("third"), { _tag: "Visit", slot: 7 })).toMatchObject({ because: "crowded" })
    }).pipe(Effect.scoped, provide)
  )

  it.effect("[PB-5] carries so much for two sides and no more, and so long", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      const meet = Effect.fnUntraced(function* (slot: number) {
        const [a, b] = [yield* caller("a"), yield* caller("b")]
        yield* hold(a, slot)
        expect(yield* said(b, { _tag: "Visit", slot })).toEqual({ _tag: "Met" })
        expect(MeetingFrame.decode(yield* a.receive)).toEqual({ _tag: "Met" })
        return [a, b] as const
      })
      const [, large] = yield* meet(1)
      yield* large.send(new Uint8Array(frameBytesMax + 1))
      expect((yield* Effect.result(large.receive))._tag).toBe("Failure")
      const [few, many] = yield* meet(2)
      yield* Effect.ignore(Effect.forEach(Array.from({ length: pathFramesMax + 1 }), () => many.send(Uint8Array.of(1))))
      for (let i = 0; i < pathFramesMax; i++) expect(yield* few.receive).toEqual(Uint8Array.of(1))
      expect((yield* Effect.result(few.receive))._tag).toBe("Failure")
      const [slow] = yield* meet(3)
      yield* TestClock.adjust(pathMsMax)
      expect((yield* Effect.result(slow.receive))._tag).toBe("Failure")
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PB-6] counts callers by what came of them, and nothing else", () =>
    Effect.gen(function* () {
      const { caller } = yield* site
      const before = yield* Metric.value(Metric.withAttributes(PairingMetrics.callers, { outcome: "empty" }))
      yield* said(yield* caller("a"), { _tag: "Visit", slot: 9 })
      const after = yield* Metric.value(Metric.withAttributes(PairingMetrics.callers, { outcome: "empty" }))
      expect(Number(after.count) - Number(before.count)).toBe(1)
    }).pipe(Effect.scoped, provide)
  )
})

describe("whoever runs a meeting place", () => {
  /** Everything that the place carried while two devices paired, or failed to. */
  const transcript = Effect.fnUntraced(function* (isRight: boolean) {
    const { heard, road } = yield* site
    const { desk, invited, next } = yield* Site.inviting(yield* road("inviter"))
    const code = isRight ? Site.codeOf(invited.digits) : Site.wrongOf(invited.digits)
    const joiner = yield* Effect.forkChild(Site.joining(yield* road("joiner"), code))
    if (isRight) yield* desk.accept((yield* next("Asked")).join.id)
    const { end } = yield* Fiber.join(joiner)
    expect(end).toBe(isRight ? "paired" : "CodeWrong")
    return { heard, invited }
  }, Effect.scoped)

  it.live("[PB-7] sees neither a code nor anything made of one", () =>
    Effect.gen(function* () {
      const { heard, invited } = yield* transcript(true)
      const { secret } = Site.codeOf(invited.digits)
      const link = Site.codeOf(invited.link!).secret
      const digits = invited.digits.replaceAll("-", "")
      const traces = [secret, link, new TextEncoder().encode(digits), new TextEncoder().encode(invited.digits)]
      const derived = [secret, link].flatMap((each) => [crypto.sha256(each), crypto.sha256(crypto.sha256(each))])
      for (const frame of heard) {
        const bytes = Buffer.from(frame)
        for (const trace of [...traces, ...derived]) expect(bytes.includes(Buffer.from(trace))).toBe(false)
        // One word may be there by chance: some have three letters.
        expect(invited.words!.split("-").filter((word) => bytes.includes(word)).length).toBeLessThan(2)
      }
      expect(heard.length).toBeGreaterThan(8)
    }).pipe(Effect.provide(Site.layerDesk()))
  )

  it.live(
    "[PB-7] sees the same by a right code and by a wrong one, up to the answer to the joiner's confirmation",
    () =>
      Effect.gen(function* () {
        const shapes = []
        for (const isRight of [true, false]) {
          const { heard } = yield* transcript(isRight)
          const messages = heard.map((frame) => ({ bytes: frame.length, tag: Message.message.decode(frame)?._tag }))
          const confirmed = messages.findIndex(({ tag }) => tag === "Confirm")
          shapes.push(messages.slice(0, confirmed + 1))
        }
        expect(shapes[0]!.map(({ tag }) => tag).slice(2)).toEqual(["Start", "Ready", "Share", "Share", "Confirm"])
        expect(shapes[0]).toEqual(shapes[1])
      }).pipe(Effect.provide(Site.layerDesk()))
  )

  it.live("[PB-7] has shares that every code explains alike, so that no guess can be told from another", () =>
    Effect.gen(function* () {
      const { heard } = yield* transcript(true)
      const shares = heard.flatMap((frame) => {
        const message = Message.message.decode(frame)
        return message?._tag === "Share" ? [message.share] : []
      })
      expect(shares).toHaveLength(2)
      for (const share of shares) {
        // An element of a group of prime order other than its zero is a power of every generator, so of every code's.
        const point = ristretto255.Point.fromBytes(share)
        expect(point.equals(ristretto255.Point.ZERO)).toBe(false)
        expect(
          point
            .multiplyUnsafe(ristretto255.Point.Fn.ORDER - 1n)
            .add(point)
            .equals(ristretto255.Point.ZERO)
        ).toBe(true)
      }
    }).pipe(Effect.provide(Site.layerDesk()))
  )
})
