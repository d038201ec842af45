/**
 * One invitation from its code to its end: waits for visitors, runs them one after another, counts each attempt durably
 * before a word is said, and waits for a person's answer, which may come from another process. It makes no codes.
 */
import { Clock, Effect, Option, type Semaphore } from "effect"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import type { MeetingError } from "./MeetingError.ts"
import type { PairingCode } from "./PairingCode.ts"
import { because, PairingError, PairingFailed, WindowOver } from "./PairingError.ts"
import type { HeldSlot, MeetingPath } from "./PairingMeeting.ts"
import * as Message from "./PairingMessage.ts"
import * as PairingRun from "./PairingRun.ts"
import { type PairingPeer, PairingSession, type PairingSelf } from "./PairingSession.ts"
import type { PairingStoreShape } from "./PairingStore.ts"
import * as PairingWindow from "./PairingWindow.ts"

/** How often it is looked whether another process has answered or made a newer code, in milliseconds. */
export const lookEveryMs = 250
/** From a way that was lost to the next try to hold the slot, in milliseconds. */
export const againMs = 1_000
const idBytes = 3

/** What people want to see of an invitation. */
export type InvitationEvent =
  /** A run was counted; so many are left for its kind of code. */
  | { readonly _tag: "Attempted"; readonly kind: PairingWindow.CodeKind; readonly left: number }
  /** A device knows the code: the person is to answer. */
  | { readonly _tag: "Asked"; readonly join: PairingWindow.Join }
  | { readonly _tag: "Failed"; readonly code: PairingFailed["code"] }
  /** The meeting place was lost; it is tried again. */
  | { readonly _tag: "Lost"; readonly problem: string }

export interface Outcome {
  readonly join: PairingWindow.Join
  /** False: it was let in, and then it was not heard of again, or, with the outcome `unkept`, could not keep what it was granted. */
  readonly isConfirmed: boolean
}

export interface Inviting<E> {
  readonly crypto: CryptoFunctions
  readonly store: PairingStoreShape
  readonly self: PairingSelf
  readonly oneRun: Semaphore.Semaphore
  readonly held: HeldSlot
  readonly isDirect: boolean
  readonly codes: ReadonlyArray<PairingCode>
  readonly window: PairingWindow.Window
  readonly admit: (join: PairingWindow.Join) => Effect.Effect<Uint8Array, E>
  readonly onEvent: (event: InvitationEvent) => Effect.Effect<void>
}

/** Serves visitors until one is let in or the window is over. */
export const serve = Effect.fnUntraced(function* <E>(
  inviting: Inviting<E>
): Effect.fn.Return<Outcome, PairingError | MeetingError | E> {
  for (;;) {
    yield* refuseOver(inviting)
    const outcome = yield* Effect.scoped(serveOne(inviting))
    if (outcome !== undefined) return outcome
  }
})

const serveOne = Effect.fnUntraced(function* <E>(inviting: Inviting<E>) {
  const { held, onEvent } = inviting
  // Only the waiting ends with the window: a run that was begun in time may end behind it.
  const path = yield* Effect.raceFirst(held.visit, untilOver(inviting)).pipe(
    Effect.catchTag("MeetingError", (error) => {
      if (!error.isRetryable) return Effect.fail(error)
      const lost = Effect.andThen(onEvent({ _tag: "Lost", problem: error.message }), Effect.sleep(againMs))
      return Effect.as(lost, undefined)
    })
  )
  if (path === undefined) return undefined
  const ran = yield* inviting.oneRun.withPermitsIfAvailable(1)(runOne(inviting, path))
  if (Option.isSome(ran)) return ran.value
  const stop = Message.message.encode({ _tag: "Stop", code: "Busy" })
  yield* Effect.andThen(Effect.ignore(path.send(stop)), path.close)
  return undefined
})

const untilOver = <E>(inviting: Inviting<E>): Effect.Effect<never, PairingError> =>
  Effect.forever(Effect.andThen(Effect.sleep(lookEveryMs), refuseOver(inviting)))

const refuseOver = Effect.fnUntraced(function* <E>({ store, window: { id } }: Inviting<E>) {
  const over = whyOver(id, yield* store.state, yield* Clock.currentTimeMillis)
  if (over !== undefined) return yield* because(new WindowOver({ because: over }))
})

const whyOver = (
  id: string,
  { window }: PairingWindow.PairingState,
  nowMs: number
): WindowOver["because"] | undefined => {
  if (window?.id !== id) return "replaced"
  if (window.state !== "open") return "closed"
  if (window.codes.every(({ kind }) => PairingWindow.attemptsLeft(window, kind) <= 0)) return "attempts"
  return PairingWindow.isOpen(window, nowMs) ? undefined : "expired"
}

/** One run; what it gives when the joiner was let in, and nothing when the next one may come. */
const runOne = Effect.fnUntraced(function* <E>(
  inviting: Inviting<E>,
  path: MeetingPath
): Effect.fn.Return<Outcome | undefined, PairingError | E> {
  const { codes, crypto, onEvent, self, store } = inviting
  const asked: Asked = { join: undefined }
  const people: PairingRun.RunPeople<PairingError | E> = {
    count: (kind) => count(inviting, inviting.isDirect ? "short" : kind),
    show: (peer, checkNumber) => ask(inviting, asked, peer, checkNumber),
    decide: Effect.suspend(() => decide(inviting, asked.join!)),
    keep: () => Effect.void
  }
  const session = PairingSession.invite(crypto, self, codes)
  const ran = yield* Effect.result(PairingRun.drive(session, path, people, undefined))
  const { join } = asked
  if (ran._tag === "Success") {
    yield* store.change((state) => PairingWindow.finish(state, join!.id, "paired"))
    return { join: yield* joinNow(store, join!), isConfirmed: true }
  }
  const now = join === undefined ? undefined : yield* joinNow(store, join)
  if (now?.outcome === "granted") {
    if (!isOfRun(ran.failure) || ran.failure.reason.code !== "NotKept") return { join: now, isConfirmed: false }
    yield* store.change((state) => PairingWindow.finish(state, now.id, "unkept"))
    return { join: yield* joinNow(store, now), isConfirmed: false }
  }
  if (now !== undefined) yield* store.change((state) => PairingWindow.finish(state, now.id, "failed"))
  const { failure } = ran
  if (!isOfRun(failure)) return yield* Effect.fail(failure)
  yield* onEvent({ _tag: "Failed", code: failure.reason.code })
  return undefined
})

interface Asked {
  join: PairingWindow.Join | undefined
}

/** A run that came to nothing; whatever else fails is this device's own trouble. */
const isOfRun = (failure: unknown): failure is PairingError & { readonly reason: PairingFailed } =>
  failure instanceof PairingError && failure.reason instanceof PairingFailed

const count = Effect.fnUntraced(function* <E>({ onEvent, store, window }: Inviting<E>, kind: PairingWindow.CodeKind) {
  const nowMs = yield* Clock.currentTimeMillis
  const isCounted = yield* store.change((state) => PairingWindow.begin(state, nowMs, window.id, kind))
  if (!isCounted) return false
  const now = (yield* store.state).window
  const left = now?.id === window.id ? PairingWindow.attemptsLeft(now, kind) : 0
  yield* onEvent({ _tag: "Attempted", kind, left })
  return true
})

const ask = Effect.fnUntraced(function* <E>(
  { crypto, onEvent, store, window }: Inviting<E>,
  asked: Asked,
  { device, name, platform }: PairingPeer,
  checkNumber: string
) {
  const askedMs = yield* Clock.currentTimeMillis
  const id = Bytes.toHex(crypto.randomBytes(idBytes))
  const untilMs = askedMs + PairingRun.personMsMax
  const peer = PeerId.fromPublicKey(device)
  const join = { id, window: window.id, peer, name, platform, checkNumber, askedMs, untilMs }
  asked.join = yield* store.change((state) => PairingWindow.ask(state, join))
  yield* onEvent({ _tag: "Asked", join: asked.join })
})

/** What the person grants, or nothing; the answer may come by another process. */
const decide = Effect.fnUntraced(function* <E>({ admit, store }: Inviting<E>, asked: PairingWindow.Join) {
  for (;;) {
    const join = yield* joinNow(store, asked)
    if (join.answer === "declined") return undefined
    if (join.answer === "accepted") {
      // What was begun here is carried out: a joiner that leaves now is let in, and this device knows it.
      const granted = store.change((state) => PairingWindow.finish(state, join.id, "granted"))
      return yield* Effect.uninterruptible(Effect.tap(admit(join), () => granted))
    }
    yield* Effect.sleep(lookEveryMs)
  }
})

/** A request that so many others have pushed out is declined. */
const joinNow = (
  store: PairingStoreShape,
  asked: PairingWindow.Join
): Effect.Effect<PairingWindow.Join, PairingError> =>
  Effect.map(
    store.state,
    ({ joins }) => joins.find(({ id }) => id === asked.id) ?? { ...asked, answer: "declined", outcome: "failed" }
  )
