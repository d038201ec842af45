/**
 * What every road of a pairing must do, as tests that cite the rules [PM-n] of SPEC.md: the double of one process, a hub's
 * meeting place, and whatever comes. It tests the road alone; what a pairing says over it is tested with `PairingSession`.
 */
import { assert, describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import type { MeetingError } from "../pairing/MeetingError.ts"
import {
  frameBytesMax,
  type MeetingPath,
  type PairingMeeting,
  pathBytesMax,
  pathFramesMax
} from "../pairing/PairingMeeting.ts"

/** Roads to one meeting place. The suite uses each set-up for one test. */
export interface MeetingUnderTest {
  readonly inviter: PairingMeeting
  readonly joiner: PairingMeeting
  /** Cuts every path without a farewell; absent where nothing can break. */
  readonly dropPaths?: Effect.Effect<void>
}

export type MeetingSetup = Effect.Effect<MeetingUnderTest, unknown, Scope.Scope>

/** How soon the other side must learn of an end, in milliseconds. */
const noticeMsMax = 3_000
/** How soon nobody is met any more where a holder was: it might come back. */
const goneMsMax = 10_000
const testMsMax = 20_000

export const meetingConformance = (name: string, setup: MeetingSetup): void => {
  describe(`${name}: meeting conformance`, () => {
    frames(setup)
    slots(setup)
    ends(setup)
  })
}

type Step = Effect.Effect<unknown, unknown, Scope.Scope>

const test = (
  setup: MeetingSetup,
  title: string,
  body: (under: MeetingUnderTest) => Generator<Step, void, never>
): void => it.live(title, () => Effect.flatMap(setup, (under) => Effect.gen(() => body(under))), testMsMax)

const frames = (setup: MeetingSetup): void => {
  test(setup, "[PM-1] frames arrive whole, once and in order, both ways", function* (under) {
    const { far, near } = yield* meet(under)
    for (const size of [1, 2, 127, 65_000, 3]) {
      yield* carries(near, far, size)
      yield* carries(far, near, size)
    }
  })

  test(setup, "[PM-1] who gives up waiting loses no frame", function* (under) {
    const { far, near } = yield* meet(under)
    expect(Option.isNone(yield* Effect.timeoutOption(far.receive, 20))).toBe(true)
    yield* carries(near, far, 7)
  })

  test(setup, "[PM-2] a frame, and a visit of frames, beyond what it may carry is refused", function* (under) {
    const { far, near } = yield* meet(under)
    expect(yield* reasonOf(near.send(new Uint8Array(frameBytesMax + 1)))).toBe("MeetingFrameRefused")
    yield* carries(far, near, 9)
    const more = Effect.forEach(Array.from({ length: pathFramesMax + 1 }), () => far.send(Uint8Array.of(1)))
    expect(yield* reasonOf(more)).toBe("MeetingFrameRefused")
  })

  test(setup, "[PM-2] a visit of more bytes than it may carry is refused", function* (under) {
    const { near } = yield* meet(under)
    const half = new Uint8Array(frameBytesMax)
    const heavy = Effect.forEach(Array.from({ length: Math.ceil(pathBytesMax / half.length) + 1 }), () =>
      near.send(half)
    )
    expect(yield* reasonOf(heavy)).toBe("MeetingFrameRefused")
  })
}

const slots = (setup: MeetingSetup): void => {
  test(setup, "[PM-3] nobody is met where nobody holds the slot", function* ({ inviter, joiner }) {
    // A direct meeting has no other slot than the one that is held.
    const slot = inviter.isDirect ? 0 : ((yield* inviter.hold(undefined)).slot + 1) % 1_000
    expect(yield* reasonOf(Effect.scoped(joiner.visit(slot)))).toBe("SlotEmpty")
  })

  test(setup, "[PM-4] a third side is turned away, and the two go on", function* ({ inviter, joiner }) {
    const held = yield* inviter.hold(undefined)
    const near = yield* joiner.visit(held.slot)
    expect(yield* reasonOf(Effect.scoped(joiner.visit(held.slot)))).toBe("SlotCrowded")
    const far = yield* held.visit
    expect(yield* reasonOf(Effect.scoped(joiner.visit(held.slot)))).toBe("SlotCrowded")
    yield* carries(near, far, 5)
  })

  test(
    setup,
    "[PM-5] a slot is one holder's; it may ask for one, and any is another one each time",
    function* ({ inviter, joiner }) {
      const held = yield* inviter.hold(inviter.isDirect ? undefined : 321)
      if (inviter.isDirect) {
        expect(held.slot).toBe(0)
        expect(yield* reasonOf(Effect.scoped(inviter.hold(undefined)))).toBe("SlotTaken")
        return
      }
      expect(held.slot).toBe(321)
      expect(yield* reasonOf(Effect.scoped(joiner.hold(321)))).toBe("SlotTaken")
      const others = yield* Effect.forEach(Array.from({ length: 10 }), () => inviter.hold(undefined))
      expect(new Set([321, ...others.map(({ slot }) => slot)]).size).toBe(11)
      for (const { slot } of others) expect(slot >= 0 && slot < 1_000).toBe(true)
    }
  )

  test(
    setup,
    "[PM-6] visitors come to a slot one after another, and each meets the holder alone",
    function* ({ inviter, joiner }) {
      const held = yield* inviter.hold(undefined)
      for (let round = 1; round <= 3; round++) {
        const [path] = yield* Effect.all([Effect.scoped(answer(held.visit, round)), visitUntilMet(joiner, held.slot)], {
          concurrency: "unbounded"
        })
        expect(path).toBe(round)
      }
    }
  )

  test(setup, "[PM-6] a holder that gives up waiting loses no visitor", function* ({ inviter, joiner }) {
    const held = yield* inviter.hold(undefined)
    expect(Option.isNone(yield* Effect.timeoutOption(Effect.scoped(held.visit), 20))).toBe(true)
    const near = yield* joiner.visit(held.slot)
    yield* carries(near, yield* held.visit, 5)
  })
}

const ends = (setup: MeetingSetup): void => {
  test(setup, "[PM-7] the visitor's end is the holder's, behind the frames that were sent", function* (under) {
    const first = yield* meet(under)
    yield* first.near.send(pattern(40_000))
    yield* first.near.close
    yield* first.near.close
    yield* expectFrame(first.far, 40_000)
    yield* expectEnded(first.far)
  })

  test(setup, "[PM-7] the holder's end is the visitor's, too", function* (under) {
    const { far, near } = yield* meet(under)
    yield* far.send(pattern(11))
    yield* far.close
    yield* expectFrame(near, 11)
    yield* expectEnded(near)
  })

  test(setup, "[PM-7] the end of a scope ends its visit", function* ({ inviter, joiner }) {
    const held = yield* inviter.hold(undefined)
    const scope = yield* Scope.make()
    yield* joiner.visit(held.slot).pipe(Scope.provide(scope))
    const far = yield* held.visit
    yield* Scope.close(scope, Exit.void)
    yield* expectEnded(far)
  })

  test(setup, "[PM-8] nobody is met in a slot whose holder is gone", function* ({ inviter, joiner }) {
    const scope = yield* Scope.make()
    const { slot } = yield* inviter.hold(undefined).pipe(Scope.provide(scope))
    yield* Scope.close(scope, Exit.void)
    const gone = Effect.suspend(() => reasonOf(Effect.scoped(joiner.visit(slot))))
    yield* Effect.timeout(
      Effect.gen(function* () {
        while ((yield* gone) !== "SlotEmpty") yield* Effect.sleep(20)
      }),
      goneMsMax
    )
  })

  test(setup, "[PM-9] a visit that is cut ends on both sides, and the next one works", function* (under) {
    const { dropPaths, inviter, joiner } = under
    if (dropPaths === undefined) return
    const held = yield* inviter.hold(undefined)
    const near = yield* joiner.visit(held.slot)
    const far = yield* held.visit
    const waiting = yield* Effect.forkChild(Effect.all([expectEnded(near), expectEnded(far)], { concurrency: 2 }))
    yield* Effect.sleep(20)
    yield* dropPaths
    yield* Fiber.join(waiting)
    yield* Effect.all([Effect.scoped(answer(held.visit, 1)), visitUntilMet(joiner, held.slot)], {
      concurrency: "unbounded"
    })
  })
}

/** Says one frame of a size to the next visitor, and waits until it has left. */
const answer = Effect.fnUntraced(function* <R>(visit: Effect.Effect<MeetingPath, MeetingError, R>, size: number) {
  const path = yield* visit
  yield* path.send(pattern(size))
  yield* expectEnded(path)
  return size
})

/** Goes to the slot until its holder is there, takes one frame and leaves. */
const visitUntilMet = Effect.fnUntraced(function* ({ visit }: PairingMeeting, slot: number) {
  for (;;) {
    const size = yield* Effect.scoped(
      Effect.gen(function* () {
        const path = yield* visit(slot)
        return (yield* path.receive).length
      })
    ).pipe(Effect.catchTag("MeetingError", () => Effect.as(Effect.sleep(50), undefined)))
    if (size !== undefined) return size
  }
})

/** Both ends of one visit: `near` came to the slot that `far` holds. */
const meet = Effect.fnUntraced(function* ({ inviter, joiner }: MeetingUnderTest) {
  const held = yield* inviter.hold(undefined)
  const near = yield* joiner.visit(held.slot)
  return { near, far: yield* held.visit }
})

/** Bytes that differ with the size and the place. */
const pattern = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (size + i * 7 + (i >> 8)) & 0xff)

const carries = (from: MeetingPath, to: MeetingPath, size: number) =>
  Effect.andThen(from.send(pattern(size)), expectFrame(to, size))

const expectFrame = Effect.fnUntraced(function* (path: MeetingPath, size: number) {
  const received = yield* path.receive
  assert.deepStrictEqual([received.length, Bytes.equals(received, pattern(size))], [size, true])
})

const reasonOf = (use: Effect.Effect<unknown, MeetingError>): Effect.Effect<string> =>
  Effect.match(use, { onFailure: ({ reason }) => reason._tag, onSuccess: () => "nothing failed" })

const expectEnded = Effect.fnUntraced(function* (path: MeetingPath) {
  const reason = yield* Effect.timeoutOption(reasonOf(path.receive), noticeMsMax)
  assert.strictEqual(Option.getOrUndefined(reason), "MeetingEnded")
})
