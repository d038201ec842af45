/**
 * Turns at the file system. Node has four threads for files, and a call that the system does not answer keeps one for good: a
 * file that lies in the cloud alone while there is no network, a drive that is gone. So all mailboxes of a process together
 * have three turns at a time, each for a kind of request, and who gets no answer holds up only those of its kind.
 */
import type { MailboxError } from "@syncline/core"
import { Effect, Fiber, Semaphore } from "effect"

/** Requests that wait for a turn of one kind; a further one fails at once, and is made again by itself. */
export const waitingMax = 64

/** How long anything but reading a file may take, in milliseconds. */
export const workMsMax = 60_000

interface Turn {
  readonly semaphore: Semaphore.Semaphore
  waiting: number
  /** Somebody has a turn, and got no answer in time. */
  isStuck: boolean
}

const makeTurn = (): Turn => ({ semaphore: Semaphore.makeUnsafe(1), waiting: 0, isStuck: false })

export interface FolderTurns {
  /** Looking, writing, removing. */
  readonly work: Turn
  /** Reading files that are here. */
  readonly reading: Turn
  /** Reading files that may have to be fetched first. */
  readonly fetching: Turn
}

export const makeTurns = (): FolderTurns => ({ work: makeTurn(), reading: makeTurn(), fetching: makeTurn() })

/** Those of the process. */
export const processTurns = makeTurns()

/** Requests that wait, of the kind that has most of them. */
export const waitingIn = ({ fetching, reading, work }: FolderTurns): number =>
  Math.max(fetching.waiting, reading.waiting, work.waiting)

/**
 * Does something when it is its turn, and fails with what `late` gives when there is no result within `msMax`. What was begun
 * goes on to its end, also when nobody waits for it any more, and gives up its turn then.
 */
export const take = <A>(
  turn: Turn,
  msMax: number,
  work: Effect.Effect<A, MailboxError.MailboxError>,
  late: (problem: string) => MailboxError.MailboxError
): Effect.Effect<A, MailboxError.MailboxError> =>
  Effect.suspend(() => {
    if (turn.isStuck) return Effect.fail(late("an earlier request got no answer yet"))
    if (turn.waiting >= waitingMax) return Effect.fail(late(`${waitingMax} requests wait before it`))
    let isRunning = false
    const finish = Effect.suspend(() => {
      isRunning = false
      turn.isStuck = false
      return turn.semaphore.release(1)
    })
    const inTurn = Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        turn.waiting++
        yield* restore(turn.semaphore.take(1)).pipe(Effect.ensuring(Effect.sync(() => turn.waiting--)))
        isRunning = true
        const fiber = yield* Effect.forkDetach(Effect.ensuring(work, finish))
        return yield* restore(Fiber.join(fiber))
      })
    )
    return Effect.timeoutOrElse(inTurn, {
      duration: msMax,
      orElse: () => {
        turn.isStuck ||= isRunning
        return Effect.fail(late(`no answer within ${msMax} ms`))
      }
    })
  })
