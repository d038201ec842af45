/**
 * The charter on its way through a mailbox: a head says what its owner knows of it, and whoever sees that a reader lacks records
 * writes them into a segment for it. So a removal holds on this road, too. Records are judged as over a link: by who signed them.
 */
import { Effect } from "effect"
import type { CharterShape, RefusedRecord } from "../charter/Charter.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import { fileBytesMax } from "./Mailbox.ts"
import { fileOf, nameOf, putSegment, segmentBytesMax } from "./MailboxFiles.ts"
import type { HeadCharter, MailboxHead } from "./MailboxHead.ts"
import { charterRecordsMax } from "../wire/WireMessage.ts"
import * as MailboxSegment from "./MailboxSegment.ts"
import type { Group } from "./MailboxState.ts"
import { type MailboxWork, others } from "./MailboxWork.ts"

/** Bytes of the records in one segment, which fits into a file of a mailbox with what else is in it. */
export const charterBytesMax = fileBytesMax / 2

/** Takes in the records that a head names and that were not read yet; true when some were new. */
export const read = Effect.fnUntraced(function* (work: MailboxWork, owner: string, head: MailboxHead) {
  const { charter } = work
  if (charter === undefined || head.charter === undefined) return false
  const before = work.charterRead.get(owner)
  const done = new Set<string>()
  let isNews = false
  for (const named of head.charter.segments) {
    const name = nameOf(named)
    if (before?.has(name) !== true) {
      const isWaiting = work.isWaiting
      work.isWaiting = false
      const bytes = yield* fileOf(work, owner, { kind: "seg", ...named })
      const isMissing = work.isWaiting
      work.isWaiting = isWaiting || isMissing
      if (isMissing) continue
      if (bytes !== undefined && (yield* takeIn(work, charter, head.peer, bytes))) isNews = true
    }
    done.add(name)
  }
  work.charterRead.set(owner, done)
  return isNews
})

const takeIn = Effect.fnUntraced(function* (work: MailboxWork, charter: CharterShape, peer: PeerId, bytes: Uint8Array) {
  const segment = MailboxSegment.decode(bytes)
  if (typeof segment === "string" || segment.space !== work.journal.info.space) return false
  const { added, refused } = yield* charter.receive(segment.commits)
  for (const each of refused) yield* audit(work, charter, peer, each)
  return added > 0
})

const audit = ({ gate }: MailboxWork, charter: CharterShape, peer: PeerId, { operations, problem }: RefusedRecord) =>
  gate.audit({
    action: "receive",
    peer,
    decision: { allowed: false, rule: "charter/record", policyVersion: charter.state().version, because: problem },
    detail: ["charter", ...operations].join(" ")
  })

/** What a head for a group says of the charter. */
export const said = ({ charter }: MailboxWork, group: Group): HeadCharter | undefined =>
  charter === undefined
    ? undefined
    : { digest: charter.digest(), known: charter.known(), segments: group.charter.segments }

/**
 * The records that readers of a group lack, as far as their heads say what they have, in one segment: once for the same
 * lack, however often it is looked at. What there is no room for they get once they have these.
 */
export const written = Effect.fnUntraced(function* (work: MailboxWork, group: Group) {
  const { charter } = work
  if (charter === undefined) return group.charter
  const records = chosen(yield* lackedBy(work, charter, group))
  if (records.length === 0) return group.charter
  const lacked = Bytes.toHex(work.crypto.sha256(Bytes.concat(...records)))
  const isThere = group.charter.segments.every((segment) => work.own.has(nameOf(segment)))
  if (lacked === group.charter.lacked && isThere) return group.charter
  const { counter, hash } = yield* putSegment(work, records, group.readers)
  return { segments: [{ counter, hash }], lacked }
})

/** What each reader lacks, as much as is its part of a segment: one that never reads again takes nobody else's. */
const lackedBy = Effect.fnUntraced(function* (work: MailboxWork, charter: CharterShape, group: Group) {
  const digest = charter.digest()
  const known = [...(yield* others(work))].flatMap(([owner, peer]) => {
    const there = work.heads.get(owner)?.charter
    if (!group.readers.includes(peer) || there === undefined || Bytes.equals(there.digest, digest)) return []
    return [there.known]
  })
  const part = Math.min(segmentBytesMax, Math.floor(charterBytesMax / known.length))
  return known.map((there) => charter.beyond(there, part))
})

/** As many as there may be in one segment, each once; of who lacks least first. */
const chosen = (lacked: ReadonlyArray<ReadonlyArray<Uint8Array>>): ReadonlyArray<Uint8Array> => {
  const records = new Map<string, Uint8Array>()
  let bytes = 0
  for (const list of lacked.toSorted((a, b) => bytesOf(a) - bytesOf(b))) {
    for (const record of list) {
      const name = Bytes.toHex(record)
      if (records.has(name)) continue
      // What comes behind may stand behind this one.
      if (records.size >= charterRecordsMax || bytes + record.length > charterBytesMax) break
      records.set(name, record)
      bytes += record.length
    }
  }
  return [...records.values()]
}

const bytesOf = (list: ReadonlyArray<Uint8Array>): number => list.reduce((bytes, { length }) => bytes + length, 0)
