/**
 * Reading a mailbox: of each device that the policy knows the newest head that opens, and of what it names the segments that
 * were not read yet, in their order. What is not there yet, or rests on something that is not, is waited for and never passed
 * over. Commits go the way of those that come over a link: signature, policy, journal.
 */
import { Clock, Effect } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import * as Commit from "../model/Commit.ts"
import type { JournalError } from "../journal/JournalError.ts"
import * as BatchIntake from "../session/BatchIntake.ts"
import type { IntakeContext } from "../session/CheckedBatch.ts"
import { code as putOffCode, IntakeQuota } from "../session/IntakeQuota.ts"
import * as BatchPortions from "../session/BatchPortions.ts"
import * as CommitDeeds from "../session/CommitDeeds.ts"
import type * as Wire from "../wire/WireMessage.ts"
import type { Listed } from "./Mailbox.ts"
import type { MailboxError } from "./MailboxError.ts"
import { fileOf } from "./MailboxFiles.ts"
import * as MailboxCharter from "./MailboxCharter.ts"
import * as MailboxHead from "./MailboxHead.ts"
import * as MailboxName from "./MailboxName.ts"
import * as MailboxSegment from "./MailboxSegment.ts"
import { noReading, type Reading } from "./MailboxState.ts"
import { type MailboxWork, others, ownTag, seenMax } from "./MailboxWork.ts"

/** Heads of one device that are tried: it writes one for each group of readers, and keeps few. */
const headsTriedMax = 64

interface Found extends MailboxName.MailboxName {
  readonly file: string
}

/** Reads what is new; true when something was taken in. */
export const look = Effect.fnUntraced(function* (work: MailboxWork) {
  const byOwner = new Map<string, Array<Found>>()
  for (const { name, owner } of yield* work.mailbox.list) addTo(byOwner, owner, name)
  work.isWaiting = false
  // Who belongs to the space comes before what they say.
  let isNews = yield* readHeads(work, byOwner, (owner, head) => MailboxCharter.read(work, owner, head))
  if (yield* readHeads(work, byOwner, (owner, head) => readHead(work, owner, head))) isNews = true
  return isNews
})

const readHeads = Effect.fnUntraced(function* (
  work: MailboxWork,
  byOwner: ReadonlyMap<string, ReadonlyArray<Found>>,
  readOne: (owner: string, head: MailboxHead.MailboxHead) => Effect.Effect<boolean, MailboxError | JournalError>
) {
  const self = ownTag(work)
  let isNews = false
  for (const [owner, peer] of yield* others(work)) {
    const files = byOwner.get(owner)
    if (files === undefined || owner === self) continue
    const head = yield* newestHead(work, owner, peer, files)
    if (head !== undefined && (yield* readOne(owner, head))) isNews = true
  }
  return isNews
})

const addTo = (byOwner: Map<string, Array<Found>>, owner: string, file: Listed["name"]): void => {
  const name = MailboxName.parse(file)
  if (name === undefined || name.kind !== "head") return
  const known = byOwner.get(owner)
  if (known === undefined) byOwner.set(owner, [{ ...name, file }])
  else known.push({ ...name, file })
}

/** The newest head that opens here and is the owner's; one that is no newer than the last one is not read again. */
const newestHead = Effect.fnUntraced(function* (
  work: MailboxWork,
  owner: string,
  peer: PeerId,
  files: ReadonlyArray<Found>
) {
  const known = work.heads.get(owner)
  const least = work.state.readings[owner]?.counter ?? 0
  const newest = files.toSorted((a, b) => b.counter - a.counter).slice(0, headsTriedMax)
  for (const found of newest) {
    if (found.counter < least || (known !== undefined && found.counter <= known.counter)) break
    const bytes = yield* fileOf(work, owner, found)
    if (bytes === undefined) continue
    const head = MailboxHead.decode(work.crypto, bytes)
    // What somebody else has put there is passed over, and so is what a later version wrote.
    if (typeof head === "string" || head.peer !== peer || head.counter !== found.counter) continue
    if (head.space !== work.journal.info.space) continue
    work.heads.set(owner, head)
    return head
  }
  return known
})

const readHead = Effect.fnUntraced(function* (work: MailboxWork, owner: string, head: MailboxHead.MailboxHead) {
  const before = work.state.readings[owner]
  let reading = before?.incarnation === head.incarnation ? before : noReading(head.incarnation)
  reading = { ...reading, counter: head.counter }
  let isNews = false
  yield* noteNamed(work, owner, head, reading)
  for (const name of MailboxHead.streamNames) {
    for (const segment of head.streams[name]) {
      if (segment.upto <= reading.upto[name]) continue
      const taken = yield* readInTurn(work, owner, head, segment)
      if (taken === "waits") break
      isNews ||= taken === "news"
      reading = { ...reading, upto: { ...reading.upto, [name]: segment.upto } }
      yield* keep(work, owner, reading)
    }
  }
  const self = ownTag(work)
  for (const { number, reader, segments } of head.answers) {
    if (reader !== self || number <= reading.answered) continue
    let isWhole = true
    const { isWaiting } = work
    for (const segment of segments) {
      const taken = yield* readSegment(work, owner, head, segment)
      isNews ||= taken === "news"
      isWhole &&= taken !== "waits"
    }
    // What is lost of an answer is asked for again, and nobody waits for it.
    work.isWaiting = isWaiting
    if (isWhole) reading = { ...reading, answered: number }
  }
  if (reading.counter !== before?.counter || reading.answered !== before.answered) yield* keep(work, owner, reading)
  return isNews
})

/** Notes since when a head names what was not read yet: all of it is waited for at the same time. */
const noteNamed = Effect.fnUntraced(function* (
  { named }: MailboxWork,
  owner: string,
  { streams }: MailboxHead.MailboxHead,
  { upto }: Reading
) {
  const nowMs = yield* Clock.currentTimeMillis
  const before = named.get(owner)
  const unread = MailboxHead.streamNames.flatMap((name) =>
    streams[name].filter((segment) => segment.upto > upto[name]).map(({ counter }) => counter)
  )
  named.set(owner, new Map(unread.map((counter) => [counter, before?.get(counter) ?? nowMs])))
})

const keep = (work: MailboxWork, owner: string, reading: Reading): Effect.Effect<void, JournalError> =>
  Effect.suspend(() => {
    work.state = { ...work.state, readings: { ...work.state.readings, [owner]: reading } }
    return work.save(work.state)
  })

/** `closed`: it is not for this device. `waits`: it is not here yet. `rests`: something that it rests on is not. */
type Taken = "news" | "known" | "closed" | "waits" | "rests"

const readSegment = Effect.fnUntraced(function* (
  work: MailboxWork,
  owner: string,
  head: MailboxHead.MailboxHead,
  { counter, hash }: MailboxHead.Named
) {
  const name: MailboxName.MailboxName = { kind: "seg", counter, hash }
  const isWaiting = work.isWaiting
  work.isWaiting = false
  const bytes = yield* fileOf(work, owner, name)
  const isMissing = work.isWaiting
  work.isWaiting = isWaiting || isMissing
  if (bytes === undefined) return (isMissing ? "waits" : "closed") satisfies Taken as Taken
  const segment = MailboxSegment.decode(bytes)
  // Its owner has signed for it, so it will never be anything better; what it lacks is asked for.
  if (typeof segment === "string" || segment.space !== head.space) return "closed" satisfies Taken as Taken
  const { applied, gaps, verdicts } = yield* takeIn(work, head, segment.commits)
  noteSeen(work, segment.commits)
  // What a quota puts off is tried again like what rests on something missing, and asked for in the end.
  if (gaps > 0 || verdicts.some(({ code }) => code === putOffCode)) return "rests" satisfies Taken as Taken
  return (applied > 0 ? "news" : "known") satisfies Taken as Taken
})

/** How long a file is waited for that a head names, in milliseconds; then what was in it is asked for. Clouds are late by minutes. */
export const missingMsMax = 10 * 60_000
/** Looks at a segment again that rested on something missing: once something else has come, and at last without it. */
const looksMax = 8

/**
 * Reads a segment of a stream. One that rests on something missing is waited for; when that does not come the stream goes on,
 * for what is left out then is asked for.
 */
const readInTurn = Effect.fnUntraced(function* (
  work: MailboxWork,
  owner: string,
  head: MailboxHead.MailboxHead,
  segment: MailboxHead.Named
) {
  const nowMs = yield* Clock.currentTimeMillis
  const resting = work.resting.get(owner)
  const isSame = resting?.counter === segment.counter
  const before = yield* work.journal.head
  if (isSame && resting.head === before && resting.looks < looksMax) {
    work.resting.set(owner, { ...resting, looks: resting.looks + 1 })
    work.isWaiting = true
    return "waits" satisfies Taken as Taken
  }
  const taken = yield* readSegment(work, owner, head, segment)
  const namedMs = work.named.get(owner)?.get(segment.counter) ?? nowMs
  if (taken === "waits" && nowMs - namedMs >= missingMsMax) {
    work.resting.delete(owner)
    return "known" satisfies Taken as Taken
  }
  if (taken === "waits" && isSame) return taken
  if (taken !== "rests" && taken !== "waits") {
    if (isSame) work.resting.delete(owner)
    return taken
  }
  if (isSame && resting.looks >= looksMax) {
    work.resting.delete(owner)
    return "known" satisfies Taken as Taken
  }
  const looks = isSame ? resting.looks : 0
  // What is missing may come although nothing else does.
  const at = taken === "waits" ? Number.NaN : yield* work.journal.head
  work.resting.set(owner, { counter: segment.counter, head: at, looks })
  work.isWaiting = true
  return "waits" satisfies Taken as Taken
})

const takeIn = Effect.fnUntraced(function* (
  work: MailboxWork,
  { incarnation, peer }: MailboxHead.MailboxHead,
  commits: ReadonlyArray<Uint8Array>
) {
  const { aheadMsMax, compression, crypto, deleteLimits, gate, journal } = work
  const context: IntakeContext = {
    journal,
    gate,
    crypto,
    compression,
    beginnings: new CommitDeeds.Beginnings(),
    peer,
    peerIncarnation: incarnation,
    space: journal.info.space,
    aheadMsMax,
    deleteLimits,
    quota: yield* IntakeQuota,
    // Nobody has judged anything for whoever reads a mailbox.
    isDialled: true
  }
  const batch: Wire.EventBatch = {
    _tag: "EventBatch",
    batch: 0,
    source: "sync",
    from: null,
    upto: 0,
    isLast: false,
    commits
  }
  const checked = yield* BatchIntake.check(context, batch)
  const sum = new BatchPortions.PortionSum()
  for (const portion of BatchPortions.of(checked)) {
    const outcome = yield* BatchIntake.takeIn(context, portion)
    sum.add(outcome)
    yield* work.notify({ peer, outcome, partitions: checked.partitions })
  }
  context.beginnings.delete(checked.begun)
  return sum.outcome
})

const noteSeen = ({ crypto, seen }: MailboxWork, commits: ReadonlyArray<Uint8Array>): void => {
  if (seen.size + commits.length > seenMax) seen.clear()
  for (const bytes of commits) seen.add(Commit.idOf(crypto, bytes) ?? "")
}
