// Inviting and joining from the first code to the last word, with what must stop it.
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import * as TestClock from "effect/testing/TestClock"
import { because as becauseRun, PairingStoreFailed } from "../../src/pairing/PairingError.ts"
import { personMsMax, runMsMax } from "../../src/pairing/PairingRun.ts"
import { PairingDesk } from "../../src/pairing/PairingDesk.ts"
import * as PairingGrant from "../../src/pairing/PairingGrant.ts"
import * as Message from "../../src/pairing/PairingMessage.ts"
import type { PairingMeeting } from "../../src/pairing/PairingMeeting.ts"
import { PairingStore } from "../../src/pairing/PairingStore.ts"
import * as PairingWindow from "../../src/pairing/PairingWindow.ts"
import * as Site from "./pairingSite.ts"

const provide = Effect.provide(Site.layerDesk())
const reasonOf = (result: { readonly _tag: string; readonly failure?: { readonly reason: object } }) =>
  result.failure?.reason

/** A caller that hears what the inviter says first, and hangs up. */
const hangUp = (meeting: PairingMeeting, slot: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const path = yield* meeting.visit(slot)
      yield* path.send(
        Message.message.encode({ _tag: "Start", version: 1, kind: "digits", half: new Uint8Array(16).fill(1) })
      )
      return Message.message.decode(yield* path.receive)?._tag
    })
  )

describe("two devices", () => {
  it.live("[PD-1] pair by digits, by words and by a link, and the joiner gets what was granted", () =>
    Effect.gen(function* () {
      for (const form of ["digits", "words", "link"] as const) {
        const meeting = Site.place()
        const { admitted, desk, invited, next, outcome } = yield* Site.inviting(meeting)
        const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(invited[form]!)))
        const { join } = yield* next("Asked")
        expect(join).toMatchObject({ peer: Site.phoneId, name: "phone", platform: "android", role: "member" })
        expect(yield* desk.pending).toEqual([join])
        yield* desk.accept(join.id)
        const joined = yield* Fiber.join(joiner)
        expect(joined.checkNumber).toBe(join.checkNumber)
        expect(joined.peer).toMatchObject({ device: Site.laptop.publicKey, name: "laptop", space: Site.space })
        expect(joined).toMatchObject({ end: "paired", grant: Site.grantOf(join) })
        const result = yield* Fiber.join(outcome)
        expect(result).toMatchObject({ success: { isConfirmed: true, join: { id: join.id, outcome: "paired" } } })
        expect(admitted).toHaveLength(1)
        expect(yield* desk.pending).toEqual([])
      }
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PD-2] without a person's yes nobody is let in and nothing is kept", () =>
    Effect.gen(function* () {
      const meeting = Site.place()
      const { admitted, desk, invited, next } = yield* Site.inviting(meeting)
      const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(invited.digits)))
      const { join } = yield* next("Asked")
      yield* desk.decline(join.id)
      expect(yield* Fiber.join(joiner)).toMatchObject({ end: "Declined", grant: undefined })
      expect((yield* next("Failed")).code).toBe("Declined")
      expect(admitted).toEqual([])
      expect((yield* Effect.flip(desk.accept(join.id))).reason._tag).toBe("JoinUnknown")
      // Who does not want this inviter keeps nothing either.
      expect(yield* Site.joining(meeting, Site.codeOf(invited.digits), { isWanted: false })).toMatchObject({
        end: "unwanted",
        grant: undefined
      })
      expect(admitted).toEqual([])
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PD-3] grants the role of the invitation or of the answer, and a managing one only when it was named", () =>
    Effect.gen(function* () {
      const granted = Effect.fnUntraced(function* (role: string | undefined, answered: string | undefined) {
        const meeting = Site.place()
        const { desk, invited, next } = yield* Site.inviting(meeting, role === undefined ? {} : { role })
        const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(invited.digits)))
        yield* desk.accept((yield* next("Asked")).join.id, answered)
        return (yield* Fiber.join(joiner)).grant?.role
      }, Effect.scoped)
      expect(yield* granted(undefined, undefined)).toBe("member")
      expect(yield* granted("readonly", undefined)).toBe("readonly")
      expect(yield* granted("member", "readonly")).toBe("readonly")
      expect(yield* granted("admin", undefined)).toBe("admin")
    }).pipe(provide)
  )

  it.live("[PD-4] a person may answer in another process on the same folder", () => {
    const kept: Site.Kept = { state: PairingWindow.empty }
    return Effect.gen(function* () {
      const meeting = Site.place()
      const { invited, next } = yield* Site.inviting(meeting)
      const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(invited.digits)))
      yield* next("Asked")
      const elsewhere = Effect.gen(function* () {
        const desk = yield* PairingDesk
        const [join] = yield* desk.pending
        yield* desk.accept(join!.id)
        return join!.id
      })
      const id = yield* Effect.provide(elsewhere, Site.layerDesk(kept), { local: true })
      expect((yield* Fiber.join(joiner)).end).toBe("paired")
      const desk = yield* PairingDesk
      yield* Effect.sleep(20)
      expect((yield* desk.joinOf(id))?.outcome).toBe("paired")
    }).pipe(Effect.scoped, Effect.provide(Site.layerDesk(kept)))
  })
})

describe("attempts", () => {
  it.live("[PD-5] three wrong ones use a code up, and then the right one is refused", () =>
    Effect.gen(function* () {
      const meeting = Site.place()
      const { admitted, invited, next } = yield* Site.inviting(meeting)
      for (const left of [2, 1, 0]) {
        expect((yield* Site.joining(meeting, Site.wrongOf(invited.digits))).end).toBe("CodeWrong")
        expect(yield* next("Attempted")).toMatchObject({ kind: "digits", left })
      }
      expect((yield* Site.joining(meeting, Site.codeOf(invited.digits))).end).toBe("CodeUsedUp")
      expect(admitted).toEqual([])
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PD-5] so do three callers who hang up after the first word", () =>
    Effect.gen(function* () {
      const meeting = Site.place()
      const { invited, next } = yield* Site.inviting(meeting)
      for (let i = 0; i < 3; i++) {
        expect(yield* hangUp(meeting, invited.window.slot)).toBe("Ready")
        expect((yield* next("Failed")).code).toBe("Gone")
      }
      expect(yield* hangUp(meeting, invited.window.slot)).toBe("Stop")
      yield* next("Failed")
      expect((yield* Site.joining(meeting, Site.codeOf(invited.digits))).end).toBe("CodeUsedUp")
      // A link is a code of its own, and nobody guesses it.
      const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(invited.link!)))
      const { desk } = { desk: yield* PairingDesk }
      yield* desk.accept((yield* next("Asked")).join.id)
      expect((yield* Fiber.join(joiner)).end).toBe("paired")
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PD-6] is counted durably before a word is said; where that fails nothing is said", () => {
    const kept: Site.Kept = { state: PairingWindow.empty }
    const broken = { isBroken: false }
    const failed = becauseRun(new PairingStoreFailed({ place: "pairing.json", problem: "the disk is full" }))
    const store = Layer.succeed(PairingStore, {
      state: Effect.sync(() => kept.state),
      change: (step) =>
        Effect.suspend(() => {
          const { answer, state } = step(kept.state)
          if (broken.isBroken) return failed
          kept.state = state
          return Effect.succeed(answer)
        })
    })
    return Effect.gen(function* () {
      const meeting = Site.place()
      const { invited, outcome } = yield* Site.inviting(meeting)
      broken.isBroken = true
      expect(yield* hangUp(meeting, invited.window.slot)).toBe("Stop")
      expect(reasonOf(yield* Fiber.join(outcome))).toMatchObject({ _tag: "PairingStoreFailed" })
    }).pipe(Effect.scoped, Effect.provide(Site.layerDeskOn(store)))
  })

  it.live("[PD-7] go on where they were when a killed process is followed by another", () => {
    const kept: Site.Kept = { state: PairingWindow.empty }
    return Effect.gen(function* () {
      const first = yield* Effect.scoped(
        Effect.gen(function* () {
          const meeting = Site.place()
          const { invited } = yield* Site.inviting(meeting)
          for (let i = 0; i < 2; i++) yield* Site.joining(meeting, Site.wrongOf(invited.digits))
          return { digits: invited.digits, state: kept.state }
        })
      )
      // As kill -9 leaves it: nothing was closed.
      kept.state = first.state
      const meeting = Site.place()
      const { invited, next } = yield* Site.inviting(meeting, { isResuming: true })
      expect(invited.digits).toBe(first.digits)
      yield* Site.joining(meeting, Site.wrongOf(invited.digits))
      expect((yield* next("Attempted")).left).toBe(0)
      expect((yield* Site.joining(meeting, Site.codeOf(invited.digits))).end).toBe("CodeUsedUp")
    }).pipe(Effect.scoped, Effect.provide(Site.layerDesk(kept)))
  })

  it.live("[PD-7] there is nothing to go on with on a road of the other kind, and the code is left as it was", () => {
    const kept: Site.Kept = { state: PairingWindow.empty }
    return Effect.gen(function* () {
      for (const isDirect of [true, false]) {
        kept.state = yield* Effect.scoped(Effect.map(Site.inviting(Site.place(isDirect)), () => kept.state))
        const left = kept.state
        const { resume } = yield* PairingDesk
        const admit = () => Effect.succeed(new Uint8Array())
        expect(yield* resume({ meeting: Site.place(!isDirect), admit })).toBeUndefined()
        expect(kept.state).toEqual(left)
        expect(yield* resume({ meeting: Site.place(isDirect), admit })).toMatchObject({
          window: { id: left.window!.id }
        })
      }
    }).pipe(Effect.scoped, Effect.provide(Site.layerDesk(kept)))
  })

  it.live("[PD-8] of six digits there is one", () =>
    Effect.gen(function* () {
      const meeting = Site.place(true)
      const { invited } = yield* Site.inviting(meeting)
      expect(invited.digits).toMatch(/^\d{3}-\d{3}$/)
      expect([invited.words, invited.link]).toEqual([undefined, undefined])
      expect((yield* Site.joining(meeting, Site.wrongOf(invited.digits))).end).toBe("CodeWrong")
      expect(["CodeUsedUp", "SlotEmpty"]).toContain((yield* Site.joining(meeting, Site.codeOf(invited.digits))).end)
      const again = yield* Site.inviting(Site.place(true))
      expect(again.invited.digits).not.toBe(invited.digits)
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PD-16] a code for the other kind of road is told before anything is sent, and costs no attempt", () =>
    Effect.gen(function* () {
      for (const isDirect of [true, false]) {
        const [meeting, another] = [Site.place(isDirect), Site.place(!isDirect)]
        const { invited } = yield* Site.inviting(meeting)
        const other = yield* Site.inviting(another)
        expect((yield* Site.joining(meeting, Site.codeOf(other.invited.digits))).end).toBe("PairingCodeInvalid")
        const { state } = yield* PairingStore
        expect((yield* state).window!.codes.every(({ begun }) => begun === 0)).toBe(true)
        expect(invited.digits).not.toBe(other.invited.digits)
      }
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PD-9] one run at a time; who comes meanwhile is sent away without spending one", () =>
    Effect.gen(function* () {
      const roads = [Site.place(), Site.place()] as const
      const { desk, invited, next } = yield* Site.inviting(roads[0])
      const other = yield* Site.inviting(roads[1], { isResuming: true })
      const joiner = yield* Effect.forkChild(Site.joining(roads[0], Site.codeOf(invited.digits)))
      const { join } = yield* next("Asked")
      expect((yield* Site.joining(roads[1], Site.codeOf(other.invited.digits))).end).toBe("Busy")
      yield* desk.accept(join.id)
      expect((yield* Fiber.join(joiner)).end).toBe("paired")
      expect(reasonOf(yield* Fiber.join(other.outcome))).toMatchObject({ _tag: "WindowOver" })
    }).pipe(Effect.scoped, provide)
  )
})

describe("time", () => {
  /** Lets virtual time pass in steps, so that everybody who waits in it gets a turn. */
  const pass = Effect.fnUntraced(function* (ms: number) {
    for (let passed = 0; passed < ms; passed += 500) yield* TestClock.adjust(500)
  })

  it.effect("[PD-10] ends a code after five minutes, and a success ends it at once", () =>
    Effect.gen(function* () {
      const meeting = Site.place()
      const late = yield* Site.inviting(meeting)
      yield* pass(PairingWindow.windowMs)
      expect(reasonOf(yield* Fiber.join(late.outcome))).toMatchObject({ _tag: "WindowOver", because: "expired" })
      const used = yield* Site.inviting(meeting)
      const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(used.invited.digits)))
      yield* used.desk.accept((yield* used.next("Asked")).join.id)
      yield* pass(1_000)
      expect((yield* Fiber.join(joiner)).end).toBe("paired")
      yield* Fiber.join(used.outcome)
      const { state } = yield* PairingStore
      expect((yield* state).window).toMatchObject({ state: "paired", codes: [{ secret: "" }, { secret: "" }] })
      const again = yield* Effect.result(used.desk.resume({ meeting, admit: () => Effect.succeed(new Uint8Array()) }))
      expect(again).toMatchObject({ success: undefined })
    }).pipe(Effect.scoped, Effect.provide(Site.layerDesk()))
  )

  it("[PD-10] ends a code when the clock goes back before it was made", () => {
    const opening = { id: "aa", slot: 1, codes: [{ kind: "digits", secret: Uint8Array.of(1) }], role: null } as const
    const { state } = PairingWindow.open(PairingWindow.empty, 1_000, opening)
    expect(PairingWindow.isOpen(state.window, 1_000)).toBe(true)
    expect(PairingWindow.isOpen(state.window, 999)).toBe(false)
    expect(PairingWindow.begin(state, 999, "aa", "digits")).toEqual({ answer: false, state })
  })

  it.effect(
    "[PD-11] ten codes that were tried in vain within an hour stop new ones until the first is an hour old",
    () =>
      Effect.gen(function* () {
        const meeting = Site.place()
        const began = 0
        for (let i = 0; i < PairingWindow.burntMax; i++) {
          yield* Effect.scoped(
            Effect.gen(function* () {
              const { invited } = yield* Site.inviting(meeting)
              expect((yield* Site.joining(meeting, Site.wrongOf(invited.digits))).end).toBe("CodeWrong")
            })
          )
          yield* TestClock.adjust(60_000)
        }
        const desk = yield* PairingDesk
        const options = { meeting, admit: () => Effect.succeed(new Uint8Array()) }
        const paused = yield* Effect.flip(Effect.scoped(desk.invite(options)))
        expect(paused.reason).toMatchObject({ _tag: "PairingPaused", untilMs: began + PairingWindow.burntWithinMs })
        expect(paused.isRetryable).toBe(true)
        yield* TestClock.adjust(PairingWindow.burntWithinMs - PairingWindow.burntMax * 60_000)
        yield* Effect.scoped(desk.invite(options))
      }).pipe(Effect.provide(Site.layerDesk()))
  )

  it.effect("[PD-12] a silent caller loses its run, and a person who does not answer declines", () =>
    Effect.gen(function* () {
      const meeting = Site.place()
      const { admitted, desk, invited, next } = yield* Site.inviting(meeting)
      const silent = yield* Effect.forkChild(
        Effect.scoped(Effect.andThen(meeting.visit(invited.window.slot), Effect.never))
      )
      yield* pass(runMsMax)
      expect((yield* next("Failed")).code).toBe("Gone")
      yield* Fiber.interrupt(silent)
      const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(invited.digits)))
      const { join } = yield* next("Asked")
      yield* pass(personMsMax)
      expect((yield* Fiber.join(joiner)).end).toBe("Declined")
      expect((yield* Effect.flip(desk.accept(join.id))).reason._tag).toBe("JoinUnknown")
      expect(admitted).toEqual([])
    }).pipe(Effect.scoped, Effect.provide(Site.layerDesk()))
  )

  it.live("[PD-13] a joiner that leaves while the person thinks is no longer asked about", () =>
    Effect.gen(function* () {
      const meeting = Site.place()
      const { admitted, desk, invited, next } = yield* Site.inviting(meeting)
      const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(invited.digits)))
      yield* next("Asked")
      yield* Fiber.interrupt(joiner)
      expect((yield* next("Failed")).code).toBe("Gone")
      expect(yield* desk.pending).toEqual([])
      expect(admitted).toEqual([])
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PD-14] a device that was let in and is not heard of again is told as that", () =>
    Effect.gen(function* () {
      const meeting = Site.place()
      const shown = yield* Deferred.make<string>()
      const gone = yield* Deferred.make<void>()
      const admit = (join: PairingWindow.Join) =>
        Effect.as(Deferred.await(gone), PairingGrant.encode(Site.grantOf(join)))
      const { desk, invited, next, outcome } = yield* Site.inviting(meeting, { admit })
      const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(invited.digits), { shown }))
      const { join } = yield* next("Asked")
      yield* desk.accept(join.id)
      yield* Effect.sleep(400)
      yield* Fiber.interrupt(joiner)
      yield* Deferred.succeed(gone, undefined)
      expect(yield* Fiber.join(outcome)).toMatchObject({
        success: { isConfirmed: false, join: { outcome: "granted" } }
      })
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PD-14] one that cannot keep what it was granted says so", () =>
    Effect.gen(function* () {
      const meeting = Site.place()
      const { desk, invited, next, outcome } = yield* Site.inviting(meeting)
      const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(invited.digits), { isKept: false }))
      yield* desk.accept((yield* next("Asked")).join.id)
      expect((yield* Fiber.join(joiner)).end).toBe("no room")
      expect(yield* Fiber.join(outcome)).toMatchObject({
        success: { isConfirmed: false, join: { outcome: "unkept" } }
      })
    }).pipe(Effect.scoped, provide)
  )

  it.live("[PD-15] a newer code ends the one before", () =>
    Effect.gen(function* () {
      const meeting = Site.place()
      const first = yield* Site.inviting(meeting)
      const second = yield* Site.inviting(meeting)
      expect(reasonOf(yield* Fiber.join(first.outcome))).toMatchObject({ _tag: "WindowOver", because: "replaced" })
      const joiner = yield* Effect.forkChild(Site.joining(meeting, Site.codeOf(second.invited.digits)))
      yield* second.desk.accept((yield* second.next("Asked")).join.id)
      expect((yield* Fiber.join(joiner)).end).toBe("paired")
    }).pipe(Effect.scoped, provide)
  )
})
