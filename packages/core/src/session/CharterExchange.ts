/**
 * The charter on its way over a session: what this side knows and what the other lacks, until both know the same. It
 * travels ahead of what was judged by it, so that nothing arrives where its right is not known yet.
 */
import { Effect } from "effect"
import type { CharterShape, RefusedRecord } from "../charter/Charter.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { JournalError } from "../journal/JournalError.ts"
import * as Limits from "../model/Limits.ts"
import type * as Wire from "../wire/WireMessage.ts"
import { charterRecordsMax } from "../wire/WireMessage.ts"
import { type RunningSession, send } from "./RunningSession.ts"
import { CharterDiffers, SessionError } from "./SessionError.ts"

/** Messages in a row that bring no new record and leave the charters different; then they never will agree. */
const roundsMax = 16

/** Tells the peer what this side's charter knows, and the records that the peer is not known to have. */
export const tell = (driver: RunningSession): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { charter } = driver
    return charter === undefined ? Effect.void : tellOf(driver, charter)
  })

const tellOf = (driver: RunningSession, charter: CharterShape): Effect.Effect<void> => {
  const known = charter.known()
  const there = driver.charterThere
  // Whoever has not said what it knows is asked first.
  const records = there === undefined ? [] : charter.beyond(there, Limits.frameBytesTarget).slice(0, charterRecordsMax)
  driver.charterTold = charter.digest()
  return send(driver, {
    _tag: "CharterSync",
    digest: driver.charterTold,
    marks: known.marks.map(([version, id]) => [version, Bytes.fromHex(id)!] as const),
    rivals: known.rivals.map((id) => Bytes.fromHex(id)!),
    records
  })
}

/** Ahead of what was judged by a charter that the peer has not been told of. */
export const tellIfMoved = (driver: RunningSession): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { charterJudged, charterTold } = driver
    if (charterJudged === undefined || charterTold === undefined) return Effect.void
    return Bytes.equals(charterJudged, charterTold) ? Effect.void : tell(driver)
  })

/** What was said in the greeting counts as told and as known there, where nothing else was. */
export const greeted = (driver: RunningSession): void => {
  const { charterGreeted, state } = driver
  if (state.charter === null) return
  driver.charterTold ??= state.charter
  driver.charterThere ??= charterGreeted
}

/** Takes in what the peer said; true when both know the same now. Answers unless the peer can know that they do. */
export const take = (
  driver: RunningSession,
  { digest, marks, records, rivals }: Wire.CharterSync
): Effect.Effect<boolean, SessionError | JournalError> =>
  Effect.gen(function* () {
    const charter = driver.charter!
    const before = charter.digest()
    driver.charterThere = {
      marks: marks.map(([version, id]) => [version, Bytes.toHex(id)] as const),
      rivals: rivals.map(Bytes.toHex)
    }
    const { added, refused } = yield* charter.receive(records)
    for (const each of refused) yield* audit(driver, charter, each)
    const isAgreed = Bytes.equals(charter.digest(), digest)
    driver.charterRounds = isAgreed || added > 0 ? 0 : driver.charterRounds + 1
    if (driver.charterRounds > roundsMax) {
      return yield* Effect.fail(differs(refused[0]?.problem ?? `${roundsMax} messages in a row brought nothing new`))
    }
    if (!Bytes.equals(before, digest)) yield* tell(driver)
    return isAgreed
  })

/** Whoever answers for the space wants to know who tried to change what its charter says. */
const audit = ({ gate, state }: RunningSession, charter: CharterShape, { operations, problem }: RefusedRecord) =>
  gate.audit({
    action: "receive",
    peer: state.peer!,
    decision: { allowed: false, rule: "charter/record", policyVersion: charter.state().version, because: problem },
    detail: ["charter", ...operations].join(" ")
  })

const differs = (problem: string): SessionError => new SessionError({ reason: new CharterDiffers({ problem }) })
