/**
 * The charter on its way over a session: what this side knows and what the other lacks, until both know the same. It
 * travels ahead of what was judged by it, so that nothing arrives where its right is not known yet.
 */
import { Effect } from "effect"
import type { CharterShape, Known, RefusedRecord } from "../charter/Charter.ts"
import type { RecordId } from "../charter/CharterRecord.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { JournalError } from "../journal/JournalError.ts"
import * as Limits from "../model/Limits.ts"
import type * as Wire from "../wire/WireMessage.ts"
import { charterRecordsMax, charterRivalsMax } from "../wire/WireMessage.ts"
import { noDigest } from "./Hearing.ts"
import { type RunningSession, send, sendLast } from "./RunningSession.ts"
import { CharterDiffers, SessionError } from "./SessionError.ts"

/** Messages in a row that bring no new record and leave the charters different; then they never will agree. */
const roundsMax = 16
/** Messages of a peer that is only heard, in one session. What is left waits for the next one. */
export const heardMessagesMax = 64
/** Bytes of records from a peer that is only heard that wait to be taken in: one frame, and what is on its way. */
export const heardBytesMax = 2 * Limits.frameBytesMax

/** Tells the peer what this side's charter knows, and the records that the peer is not known to have. */
export const tell = (driver: RunningSession): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { charter } = driver
    if (charter === undefined) return Effect.void
    return driver.state.phase === "hearing" ? tellHeard(driver, charter) : tellOf(driver, charter)
  })

const tellOf = (driver: RunningSession, charter: CharterShape): Effect.Effect<void> => {
  const known = charter.known()
  const there = driver.charterThere
  // Whoever has not said what it knows is asked first.
  const records = there === undefined ? [] : charter.beyond(there, Limits.frameBytesTarget).slice(0, charterRecordsMax)
  driver.charterTold = charter.digest()
  return send(driver, said(driver.charterTold, known, [...records, ...handedTo(driver, charter)]))
}

/** What this device wants the hub to take in. Nobody else could do anything with it. */
const handedTo = ({ state }: RunningSession, charter: CharterShape): ReadonlyArray<Uint8Array> => {
  const offered = state.peer === charter.state().hub ? charter.offered() : undefined
  return offered === undefined ? [] : [offered]
}

/** To a peer that is only heard goes what it needs to know what to send, and no record. */
const tellHeard = (driver: RunningSession, charter: CharterShape): Effect.Effect<void> => {
  const { marks, rivals } = charter.knownTo(driver.state.peer!)
  driver.charterTold = noDigest
  const named = [...new Set([...rivals, ...driver.charterEchoed])].slice(-charterRivalsMax)
  return send(driver, said(noDigest, { marks, rivals: named }, []))
}

const said = (digest: Uint8Array, known: Known, records: ReadonlyArray<Uint8Array>): Wire.CharterSync => ({
  _tag: "CharterSync",
  digest,
  marks: known.marks.map(([version, id]) => [version, Bytes.fromHex(id)!] as const),
  rivals: known.rivals.map((id) => Bytes.fromHex(id)!),
  records
})

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
    const { received, isOut } = yield* takeIn(driver, charter, records)
    const { added, refused } = received
    for (const each of refused) yield* audit(driver, charter, each)
    const isAgreed = Bytes.equals(charter.digest(), digest)
    driver.charterRounds = isAgreed || added > 0 ? 0 : driver.charterRounds + 1
    // Whoever only listens never brings anything.
    if (driver.charterRounds > (driver.state.phase === "telling" ? heardMessagesMax : roundsMax)) {
      return yield* Effect.fail(differs(refused[0]?.problem ?? `${roundsMax} messages in a row brought nothing new`))
    }
    if (!isOut && !Bytes.equals(before, digest)) yield* tell(driver)
    return isAgreed
  })

/**
 * Takes records in. Who is out by one that it handed over itself is told that it counts, before the session ends for that: it is
 * admitted nowhere any more. It gets nothing but its own record with this hub's receipt.
 */
const takeIn = (driver: RunningSession, charter: CharterShape, records: ReadonlyArray<Uint8Array>) => {
  const peer = driver.state.peer!
  const taking = Effect.gen(function* () {
    const received = yield* charter.receive(records)
    const { takenIn } = received
    const isOut = takenIn.length > 0 && !(yield* driver.gate.admits(peer)).allowed
    if (isOut) yield* sendLast(driver, said(charter.digest(), charter.knownTo(peer), takenIn))
    return { received, isOut }
  })
  return records.length === 0 ? taking : Effect.uninterruptible(taking)
}

/**
 * Takes in what a peer said that is not admitted, and asks whether it is now. What it says again is known to be there, so that
 * it goes on behind that; a message with nothing else in it, or with a record that counts nowhere, is the last one.
 */
export const hear = (
  driver: RunningSession,
  { records }: Wire.CharterSync
): Effect.Effect<"admitted" | "more" | "nothing", SessionError | JournalError> =>
  Effect.gen(function* () {
    const charter = driver.charter!
    const { here, refused } = yield* charter.receive(records)
    driver.waitingBytes -= bytesOf({ records })
    // One stands for all of them: a peer that is out gets no audit to fill.
    if (refused.length > 0) yield* audit(driver, charter, refused[0]!)
    if ((yield* driver.gate.admits(driver.state.peer!)).allowed) return "admitted"
    const before = driver.charterEchoed.size
    driver.charterEchoed = new Set<RecordId>([...driver.charterEchoed, ...here])
    driver.charterHeard++
    // Before it was told anything it could only ask.
    const isQuestion = driver.charterTold === undefined && records.length === 0
    const isMore = isQuestion || driver.charterEchoed.size > before
    if (!isMore || refused.length > 0 || driver.charterHeard > heardMessagesMax) return "nothing"
    yield* tell(driver)
    return "more"
  })

/** Bytes of the records in a message. */
export const bytesOf = ({ records }: Pick<Wire.CharterSync, "records">): number =>
  records.reduce((bytes, record) => bytes + record.length, 0)

/** Whoever answers for the space wants to know who tried to change what its charter says. */
const audit = ({ gate, state }: RunningSession, charter: CharterShape, { operations, problem }: RefusedRecord) =>
  gate.audit({
    action: "receive",
    peer: state.peer!,
    decision: { allowed: false, rule: "charter/record", policyVersion: charter.state().version, because: problem },
    detail: ["charter", ...operations].join(" ")
  })

const differs = (problem: string): SessionError => new SessionError({ reason: new CharterDiffers({ problem }) })
