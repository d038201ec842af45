/**
 * Mending differences through a mailbox: a device that has read everything and still has something else than another one asks
 * it, by fingerprints of what it has, and is answered with segments for it alone. So it gets what was there before it could
 * read, what was lost on the way, and what was sealed before it was let in.
 */
import { Effect } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import type { ItemClock, JournalShape } from "../journal/Journal.ts"
import type { PartitionRow } from "../journal/JournalTables.ts"
import * as RangeTree from "../reconcile/RangeTree.ts"
import { nameOf, putSegment, segmentBytesMax } from "./MailboxFiles.ts"
import type { Ask, MailboxHead, Named, Prints } from "./MailboxHead.ts"
import type { MailboxState } from "./MailboxState.ts"
import { type MailboxWork, others, ownTag, sharedWith } from "./MailboxWork.ts"

/** Partitions of one question; what is beyond is asked for when these are equal. */
const partitionsMax = 256
/** Partitions with more entities than this are asked for in parts. */
const wholeMax = 256
/** Entities whose events are read at once. */
const itemsMax = 256
/** Bytes of one answer; what is beyond takes another question. */
const answerBytesMax = 64 * 1024 * 1024
/** How long an answer is waited for, in milliseconds; then it is asked for again, for what was lost may be the answer. */
const answerWaitMsMax = 10 * 60_000
/** How long an answer stays for its reader, in milliseconds. */
export const answerMs = 7 * 24 * 3_600_000

const digits = "0123456789abcdef".split("")
const partPrefixes = digits.flatMap((first) => digits.map((second) => first + second))
const partBytes = 8

/**
 * Asks one device for what is missing, where nothing else is awaited: not twice with the same on both sides, and one at a time.
 * Questions that were answered, or have become needless, end.
 */
export const ask = Effect.fnUntraced(function* (work: MailboxWork, nowMs: number) {
  for (const [owner, { number, sinceMs }] of work.asks) {
    const reading = work.state.readings[owner]
    if (reading === undefined || reading.answered >= number) work.asks.delete(owner)
    else if (nowMs - sinceMs >= answerWaitMsMax) {
      work.asks.delete(owner)
      work.state = { ...work.state, readings: { ...work.state.readings, [owner]: { ...reading, askedWith: "" } } }
    }
  }
  const self = ownTag(work)
  for (const [owner, peer] of [...(yield* others(work))].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [head, reading] = [work.heads.get(owner), work.state.readings[owner]]
    if (head === undefined || reading === undefined || head.root.length === 0) continue
    const rows = yield* sharedWith(work, peer)
    const root = RangeTree.root(work.crypto.sha256, rows).root
    if (Bytes.equals(root, head.root)) {
      work.asks.delete(owner)
      continue
    }
    // What it lacks itself may be the difference, and it has not read it yet.
    if (work.asks.size > 0 || work.isWaiting || !hasReadAll(work, self, head)) continue
    const askedWith = `${Bytes.toHex(root)} ${Bytes.toHex(head.root)}`
    if (reading.askedWith === askedWith) continue
    // Who forgot what it asked goes on behind what was answered.
    const answered = head.answers.find(({ reader }) => reader === self)?.number ?? 0
    const number = Math.max(reading.asked, answered) + 1
    const prints = yield* printsOf(work, rows)
    work.asks.set(owner, { owner, number, prints, sinceMs: nowMs })
    work.state = {
      ...work.state,
      readings: { ...work.state.readings, [owner]: { ...reading, asked: number, askedWith } }
    }
    yield* work.save(work.state)
  }
})

/** True when a head says that its owner has read everything that this device wrote for it. */
const hasReadAll = ({ journal, state }: MailboxWork, self: string, head: MailboxHead): boolean => {
  const group = state.groups.find(({ readers }) => readers.includes(head.peer))
  if (group === undefined) return false
  const ack = head.acks.find(({ owner }) => owner === self)
  const last = (name: "own" | "relayed") => group.streams[name].at(-1)?.upto ?? 0
  if (last("own") === 0 && last("relayed") === 0) return true
  if (ack === undefined || ack.incarnation !== journal.info.incarnation) return false
  return ack.upto.own >= last("own") && ack.upto.relayed >= last("relayed")
}

const printsOf = Effect.fnUntraced(function* ({ crypto, journal }: MailboxWork, rows: ReadonlyArray<PartitionRow>) {
  const prints: Array<Prints> = []
  for (const { hash, total } of rows.slice(0, partitionsMax)) {
    const parts = total.count > wholeMax ? yield* partsOf(journal, crypto.sha256, hash) : new Uint8Array()
    prints.push({ partitionHash: hash, print: Fingerprint.print(crypto.sha256, total, 16), parts })
  }
  return prints
})

const partsOf = Effect.fnUntraced(function* (
  journal: JournalShape,
  sha256: (bytes: Uint8Array) => Uint8Array,
  partitionHash: Uint8Array
) {
  const parts = new Uint8Array(partPrefixes.length * partBytes)
  for (const [place, first] of digits.entries()) {
    const children = yield* journal.children(partitionHash, first)
    children.forEach((child, second) => {
      parts.set(Fingerprint.print(sha256, child, 8), (place * digits.length + second) * partBytes)
    })
  }
  return parts
})

/** Answers what others ask this device, each question once; true when something was written. */
export const answerAll = Effect.fnUntraced(function* (work: MailboxWork, nowMs: number) {
  const self = ownTag(work)
  const kept = work.state.answers.filter(({ sinceMs }) => nowMs - sinceMs < answerMs)
  let isNews = kept.length < work.state.answers.length
  const dropped = work.state.answers.filter((answer) => !kept.includes(answer))
  for (const [reader, peer] of yield* others(work)) {
    const question = work.heads.get(reader)?.asks.find(({ owner }) => owner === self)
    if (question === undefined) continue
    const before = kept.findIndex((answer) => answer.reader === reader)
    if (before >= 0 && kept[before]!.number === question.number) continue
    if (before >= 0) dropped.push(...kept.splice(before, 1))
    const segments = yield* answerTo(work, peer, question)
    kept.push({ reader, number: question.number, segments, sinceMs: nowMs })
    isNews = true
  }
  if (isNews) work.state = withFossils({ ...work.state, answers: kept }, dropped, nowMs)
  return isNews
})

const withFossils = (state: MailboxState, dropped: MailboxState["answers"], nowMs: number): MailboxState => ({
  ...state,
  fossils: [
    ...state.fossils,
    ...dropped.flatMap(({ segments }) => segments.map((segment) => [nameOf(segment), nowMs] as const))
  ]
})

const answerTo = Effect.fnUntraced(function* (work: MailboxWork, peer: PeerId, { prints }: Ask) {
  const { journal } = work
  const asked = new Map(prints.map((print) => [Bytes.toHex(print.partitionHash), print]))
  const segments: Array<Named> = []
  let batch: Array<Uint8Array> = []
  let [bytes, all] = [0, 0]
  const flush = Effect.suspend(() => {
    const commits = batch
    batch = []
    bytes = 0
    return commits.length === 0
      ? Effect.void
      : Effect.map(putSegment(work, commits, [peer]), (named) => segments.push(named))
  })
  for (const row of yield* sharedWith(work, peer)) {
    for (const prefix of yield* differing(work, row, asked.get(Bytes.toHex(row.hash)))) {
      const items = yield* journal.items(row.hash, prefix, Number.MAX_SAFE_INTEGER)
      for (let at = 0; at < items.length && all < answerBytesMax; at += itemsMax) {
        const clocks = items
          .slice(at, at + itemsMax)
          .map(({ key }): ItemClock => ({ partitionHash: row.hash, key, clock: [] }))
        for (const commit of yield* journal.eventsBeyond(clocks, answerBytesMax - all)) {
          if (bytes + commit.bytes.length > segmentBytesMax) yield* flush
          batch.push(commit.bytes)
          bytes += commit.bytes.length
          all += commit.bytes.length
        }
      }
    }
  }
  yield* flush
  return segments
})

/** Key ranges of a partition in which the asker has something else. */
const differing = Effect.fnUntraced(function* (
  { crypto, journal }: MailboxWork,
  { hash, total }: PartitionRow,
  asked: Prints | undefined
) {
  if (total.count === 0) return []
  const everything = total.count > wholeMax ? partPrefixes : [""]
  if (asked === undefined) return everything
  if (Bytes.equals(asked.print, Fingerprint.print(crypto.sha256, total, 16))) return []
  if (asked.parts.length === 0) return everything
  const parts = yield* partsOf(journal, crypto.sha256, hash)
  return partPrefixes.filter((_, place) => {
    const [from, upto] = [place * partBytes, (place + 1) * partBytes]
    return !Bytes.equals(parts.subarray(from, upto), asked.parts.subarray(from, upto))
  })
})
