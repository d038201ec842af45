/**
 * Drives one run of a pairing over a path, as either side: carries its messages, asks its people and ends it when it takes
 * too long. What a message means is `PairingSession`'s business, and what is counted or kept the caller's.
 */
import { Clock, Effect } from "effect"
import type { PairingCode } from "./PairingCode.ts"
import { because, PairingError, PairingFailed } from "./PairingError.ts"
import type { MeetingPath } from "./PairingMeeting.ts"
import * as Message from "./PairingMessage.ts"
import type { PairingAction, PairingPeer, PairingSession } from "./PairingSession.ts"

/** What the machines say to each other takes no longer than this, in milliseconds, before and again after the people. */
export const runMsMax = 20_000
/** How long the person at the inviting device may take to answer, in milliseconds. */
export const personMsMax = 2 * 60_000

/** What a run asks of its side. A failure of any of them ends the run, and the other side is told no more than that. */
export interface RunPeople<E> {
  /** Counts the attempt durably; false when none is left. Inviter only. */
  readonly count: (kind: PairingCode["kind"]) => Effect.Effect<boolean, E>
  /** Shows the number. On the joining side it may fail where the joiner does not want this peer. */
  readonly show: (peer: PairingPeer, checkNumber: string) => Effect.Effect<void, E>
  /** What the person grants, or nothing. Interrupted when the joiner goes away. Inviter only. */
  readonly decide: Effect.Effect<Uint8Array | undefined, E>
  /** Keeps what was granted, durably. Joiner only. */
  readonly keep: (peer: PairingPeer, grant: Uint8Array) => Effect.Effect<void, E>
}

interface Run<E> {
  readonly session: PairingSession
  readonly path: MeetingPath
  readonly people: RunPeople<E>
  readonly isInviter: boolean
  /** When whatever is awaited now is given up. */
  deadlineMs: number
  end: Ended | undefined
}

type Ended = { readonly paired: PairingPeer } | { readonly failed: PairingFailed["code"] }
type Actions = ReadonlyArray<PairingAction>

/** Runs a session to its end; `first` are the actions that it began with. The path is closed behind it. */
export const drive = Effect.fnUntraced(function* <E>(
  session: PairingSession,
  path: MeetingPath,
  people: RunPeople<E>,
  first: Actions | undefined
): Effect.fn.Return<PairingPeer, E | PairingError> {
  const deadlineMs = (yield* Clock.currentTimeMillis) + runMsMax
  const run: Run<E> = { session, path, people, isInviter: first === undefined, deadlineMs, end: undefined }
  yield* converse(run, first ?? []).pipe(Effect.ensuring(path.close))
  const end = run.end ?? { failed: "Gone" }
  if ("paired" in end) return end.paired
  return yield* because(new PairingFailed({ code: end.failed }))
})

const converse = Effect.fnUntraced(function* <E>(run: Run<E>, first: Actions) {
  yield* perform(run, first)
  while (!run.session.isOver) yield* perform(run, yield* hear(run))
})

/** The actions that the next message calls for. A way that has ended, and silence, end the run. */
const hear = <E>({ deadlineMs, path, session }: Run<E>): Effect.Effect<Actions> =>
  Effect.flatMap(Clock.currentTimeMillis, (nowMs) =>
    path.receive.pipe(
      Effect.map((frame) => session.receive(Message.message.decode(frame))),
      Effect.timeoutOrElse({
        duration: Math.max(0, deadlineMs - nowMs),
        orElse: () => Effect.sync(() => session.fail("Gone"))
      }),
      Effect.catchTag("MeetingError", () => Effect.sync(() => session.fail("Gone")))
    )
  )

const perform = Effect.fnUntraced(function* <E>(run: Run<E>, actions: Actions): Effect.fn.Return<void, E> {
  for (const action of actions) yield* performOne(run, action)
})

const performOne = Effect.fnUntraced(function* <E>(run: Run<E>, action: PairingAction): Effect.fn.Return<void, E> {
  const { isInviter, path, people, session } = run
  switch (action._tag) {
    case "Send":
      // A way that has ended shows where something is awaited; what was said last need not arrive.
      return yield* Effect.ignore(path.send(Message.message.encode(action.message)))
    case "Count": {
      const isLeft = yield* orEnd(run, "Busy", people.count(action.kind))
      return yield* perform(run, session.counted(isLeft))
    }
    case "Show":
      yield* orEnd(run, "Declined", people.show(action.peer, action.checkNumber))
      yield* extend(run, personMsMax)
      return isInviter ? yield* askPerson(run) : undefined
    case "Granted":
      yield* orEnd(run, "NotKept", people.keep(action.peer, action.grant))
      return yield* perform(run, session.kept())
    case "Paired":
      run.end = { paired: action.peer }
      return undefined
    case "Failed":
      run.end = { failed: action.code }
  }
})

const extend = <E>(run: Run<E>, ms: number): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (nowMs) => {
    // The joiner waits a little longer than the inviter's person may take, so that it hears the answer.
    run.deadlineMs = nowMs + ms + runMsMax
  })

/** The person's answer, unless the joiner says or does something first. Whoever takes too long declines. */
const askPerson = Effect.fnUntraced(function* <E>(run: Run<E>): Effect.fn.Return<void, E> {
  const { people, session } = run
  const decided = orEnd(run, "NotKept", people.decide).pipe(
    Effect.timeoutOrElse({ duration: personMsMax, orElse: () => Effect.succeed(undefined) }),
    Effect.map((grant) => () => session.decide(grant))
  )
  const heard = Effect.map(hear(run), (actions) => () => actions)
  const next = yield* Effect.raceFirst(decided, heard)
  yield* extend(run, 0)
  yield* perform(run, next())
})

/** A failure on this side ends the run for the other side too. */
const orEnd = <A, E, E2>(run: Run<E2>, code: PairingFailed["code"], effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.tapError(effect, () =>
    Effect.forEach(run.session.fail(code), (action) =>
      action._tag === "Send" ? Effect.ignore(run.path.send(Message.message.encode(action.message))) : Effect.void
    )
  )
