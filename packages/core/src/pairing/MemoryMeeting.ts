/**
 * The reference meeting place: slots of one process, without faults. It shows what every road must do and is what tests
 * meet at.
 */
import { Deferred, Effect, Queue } from "effect"
import {
  because,
  MeetingBusy,
  MeetingEnded,
  type MeetingError,
  SlotCrowded,
  SlotEmpty,
  SlotTaken
} from "./MeetingError.ts"
import * as MeetingBounds from "./MeetingBounds.ts"
import { slotsMax } from "./PairingCode.ts"
import { type MeetingPath, type PairingMeeting, pathFramesMax } from "./PairingMeeting.ts"

interface Slot {
  /** The visitor that waits for the holder, or is with it. */
  visitor: Deferred.Deferred<void> | undefined
  readonly visits: Queue.Queue<MeetingPath>
}

/** A place of one process: who holds what. */
export interface MemoryPlace {
  readonly slots: Map<number, Slot>
}

export const makePlace = (): MemoryPlace => ({ slots: new Map() })

const name = "memory"
/** A direct meeting has one slot, of no name. */
const directSlot = 0

/** A road to the place. `isDirect`: as devices that reach each other without a slot. */
export const make = (place: MemoryPlace, { isDirect = false } = {}): PairingMeeting => ({
  name,
  isDirect,
  hold: (wanted) => hold(place, isDirect ? directSlot : wanted),
  visit: (slot) => visit(place, isDirect ? directSlot : slot)
})

const hold = Effect.fnUntraced(function* ({ slots }: MemoryPlace, wanted: number | undefined) {
  const slot = wanted ?? freeIn(slots)
  if (slot === undefined) return yield* because(new MeetingBusy({ place: name }))
  if (slots.has(slot)) return yield* because(new SlotTaken({ slot }))
  const visits = yield* Queue.bounded<MeetingPath>(1)
  const held: Slot = { visitor: undefined, visits }
  yield* Effect.acquireRelease(
    Effect.sync(() => slots.set(slot, held)),
    () =>
      Effect.andThen(
        Effect.sync(() => slots.delete(slot)),
        leave(held)
      )
  )
  const next = Effect.tap(Queue.take(visits), (path) => Effect.addFinalizer(() => path.close))
  return { slot, visit: Effect.flatMap(next, MeetingBounds.bounded) }
})

const leave = ({ visitor, visits }: Slot): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (const path of yield* Queue.clear(visits)) yield* path.close
    if (visitor !== undefined) yield* Deferred.succeed(visitor, undefined)
  })

const freeIn = (slots: MemoryPlace["slots"]): number | undefined => {
  for (let slot = 0; slot < slotsMax; slot++) if (!slots.has(slot)) return slot
  return undefined
}

const visit = Effect.fnUntraced(function* ({ slots }: MemoryPlace, slot: number | undefined) {
  const held = slot === undefined ? undefined : slots.get(slot)
  if (held === undefined) return yield* because(new SlotEmpty({ place: name }))
  if (held.visitor !== undefined) return yield* because(new SlotCrowded({}))
  const over = yield* Deferred.make<void>()
  held.visitor = over
  const free = Effect.sync(() => {
    if (held.visitor === over) held.visitor = undefined
  })
  const [near, far] = yield* pair(free)
  yield* Effect.addFinalizer(() => near.close)
  yield* Queue.offer(held.visits, far)
  return yield* MeetingBounds.bounded(near)
})

const ended = because(new MeetingEnded({ problem: "the other side closed it" }))

/** Two ends of one path. */
const pair = Effect.fnUntraced(function* (onClose: Effect.Effect<void>) {
  const toFar = yield* Queue.bounded<Uint8Array, MeetingError>(pathFramesMax)
  const toNear = yield* Queue.bounded<Uint8Array, MeetingError>(pathFramesMax)
  const close = Effect.all([Queue.fail(toFar, ended), Queue.fail(toNear, ended), onClose], { discard: true })
  const end = (out: typeof toFar, into: typeof toNear): MeetingPath => ({
    send: (frame) => Effect.flatMap(Queue.offer(out, frame), (isTaken) => (isTaken ? Effect.void : Effect.fail(ended))),
    receive: Queue.take(into),
    close
  })
  return [end(toFar, toNear), end(toNear, toFar)] as const
})
