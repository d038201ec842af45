/**
 * Writing into a mailbox: for each group of readers what this device wrote, and what it passes on of devices that are not
 * there themselves; then a head that names all of it. A head is written behind what it names, and only when it says
 * something new, so a device with nothing to say writes nothing.
 */
import { Effect } from "effect"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { FeedCommit } from "../journal/Journal.ts"
import * as Commit from "../model/Commit.ts"
import * as Partition from "../model/Partition.ts"
import * as RangeTree from "../reconcile/RangeTree.ts"
import { fileBytesMax } from "./Mailbox.ts"
import { nameOf, putFile, putSegment, segmentBytesMax } from "./MailboxFiles.ts"
import * as MailboxCharter from "./MailboxCharter.ts"
import * as MailboxGroups from "./MailboxGroups.ts"
import * as MailboxHead from "./MailboxHead.ts"
import * as MailboxName from "./MailboxName.ts"
import * as MailboxRepair from "./MailboxRepair.ts"
import * as MailboxSegment from "./MailboxSegment.ts"
import type { Group } from "./MailboxState.ts"
import { type MailboxWork, others, ownTag, sharedWith } from "./MailboxWork.ts"

/** Bytes of the feed that are looked at in one read. */
const pageBytesMax = 512 * 1024
/** Own heads for one group that stay: a reader may be reading the one before. */
const headsKept = 3
/** How long a file stays that no head names any more, in milliseconds: a reader may still have a head that does. */
export const fossilMs = 7 * 24 * 3_600_000
/** How long each device waits for those before it to pass on what none of them wrote, in milliseconds. */
export const relayAfterMs = 30_000
/** Segments smaller than this are written anew as one, once there are as many. */
const smallBytes = 64 * 1024
const smallMax = 32

/** Writes what is new for everybody; true when something was written. */
export const write = Effect.fnUntraced(function* (work: MailboxWork, nowMs: number) {
  const relayable = yield* relayableUpto(work, nowMs)
  const answers = yield* MailboxRepair.answerAll(work, nowMs)
  const written: Array<Group> = []
  let isNews = answers
  for (const { group, sees } of yield* MailboxGroups.present(work)) {
    let next = yield* streamOn(work, group, sees, "own", Number.POSITIVE_INFINITY)
    next = yield* streamOn(work, next, sees, "relayed", relayable)
    for (const name of MailboxHead.streamNames) next = yield* compacted(work, next, sees, name, nowMs)
    next = yield* withCharter(work, next, nowMs)
    next = yield* withHead(work, next, nowMs)
    isNews ||= next.heads[0] !== group.heads[0]
    written.push(next)
  }
  if (isNews || written.length !== work.state.groups.length) {
    work.state = { ...work.state, groups: written }
    yield* work.save(work.state)
  }
  yield* sweep(work, nowMs)
  return isNews
})

/**
 * Up to where what others wrote may be passed on: each device that is there waits longer than the one before it, and then
 * finds what that one has written.
 */
const relayableUpto = Effect.fnUntraced(function* (work: MailboxWork, nowMs: number) {
  const { heads, journal, noticed } = work
  const head = yield* journal.head
  if (noticed.at(-1)?.head !== head) noticed.push({ head, atMs: nowMs })
  const rank = [...heads.keys()].filter((owner) => owner < ownTag(work)).length
  const due = noticed.findLastIndex(({ atMs }) => nowMs - atMs >= rank * relayAfterMs)
  if (due > 0) noticed.splice(0, due)
  return due < 0 ? 0 : noticed[0]!.head
})

/** Writes what a stream lacks, as segments. */
const streamOn = Effect.fnUntraced(function* (
  work: MailboxWork,
  group: Group,
  sees: ReadonlySet<number>,
  name: MailboxHead.StreamName,
  limit: number
) {
  const { journal, signer } = work
  const isMeant = yield* meant(work, sees, name)
  let next = group
  let batch: Array<Uint8Array> = []
  let bytes = 0
  let upto = group.upto[name]
  const flush = Effect.suspend(() => {
    const commits = batch
    batch = []
    bytes = 0
    return commits.length === 0 ? Effect.succeed(next) : withSegment(work, next, name, commits, upto)
  })
  for (let isEnd = false; !isEnd && upto < limit;) {
    const page = yield* journal.feed(upto, signer.peer, pageBytesMax)
    isEnd = page.isEnd
    for (const commit of page.commits) {
      if (commit.lseq > limit) {
        isEnd = true
        break
      }
      if (!isMeant(commit)) continue
      if (bytes + commit.bytes.length > segmentBytesMax || batch.length >= MailboxSegment.segmentCommitsMax) {
        next = yield* flush
      }
      batch.push(commit.bytes)
      bytes += commit.bytes.length
      upto = commit.lseq
    }
    upto = Math.max(upto, Math.min(page.upto, limit))
  }
  next = yield* flush
  return { ...next, upto: { ...next.upto, [name]: upto } }
})

/** The partitions that readers see, by their keys. */
const keysOf = Effect.fnUntraced(function* ({ journal }: MailboxWork, sees: ReadonlySet<number>) {
  const { rows } = yield* journal.partitions
  return new Set(rows.filter(({ index }) => sees.has(index)).map(({ partition }) => Partition.key(partition)))
})

/** Whether a commit belongs into a stream for who sees these partitions. */
const meant = Effect.fnUntraced(function* (work: MailboxWork, sees: ReadonlySet<number>, name: MailboxHead.StreamName) {
  const { crypto, heads, seen, signer } = work
  const keys = yield* keysOf(work, sees)
  const there = new Set<PeerId>()
  for (const [owner, peer] of yield* others(work)) if (heads.has(owner)) there.add(peer)
  return ({ bytes, partition }: FeedCommit): boolean => {
    if (!keys.has(Partition.key(partition))) return false
    const commit = Commit.open(bytes)
    if (typeof commit === "string") return false
    const author = Author.peer(commit.header.authors[0]!)
    if (name === "own") return author === signer.peer
    return author !== signer.peer && !there.has(author) && !seen.has(Commit.id(crypto, commit))
  }
})

const withSegment = Effect.fnUntraced(function* (
  work: MailboxWork,
  group: Group,
  name: MailboxHead.StreamName,
  commits: ReadonlyArray<Uint8Array>,
  upto: number
) {
  const named = yield* putSegment(work, commits, group.readers)
  const streams = { ...group.streams, [name]: [...group.streams[name], { ...named, upto }] }
  return { ...group, streams, upto: { ...group.upto, [name]: upto } }
})

/**
 * Makes one segment of a row of small ones, where there are many. What its readers may not see any more stays behind: who
 * came since never might.
 */
const compacted = Effect.fnUntraced(function* (
  work: MailboxWork,
  group: Group,
  sees: ReadonlySet<number>,
  name: MailboxHead.StreamName,
  nowMs: number
) {
  const all = group.streams[name]
  if (all.filter(({ bytes }) => bytes < smallBytes).length < smallMax) return group
  const first = all.findIndex(({ bytes }) => bytes < smallBytes)
  const row: Array<(typeof all)[number]> = []
  let bytes = 0
  for (const segment of all.slice(first)) {
    if (bytes + segment.bytes > Math.min(4 * segmentBytesMax, fileBytesMax / 2)) break
    bytes += segment.bytes
    row.push(segment)
  }
  const keys = yield* keysOf(work, sees)
  const maySee = (bytes: Uint8Array): boolean => {
    const commit = Commit.open(bytes)
    return typeof commit !== "string" && keys.has(Partition.key(commit.header.partition))
  }
  const commits: Array<Uint8Array> = []
  for (const segment of row) {
    const file = yield* work.mailbox.get(ownTag(work), nameOf(segment))
    const opened = yield* work.seal.open(file)
    const decoded = opened === undefined ? "closed" : MailboxSegment.decode(opened)
    // Somebody has changed it; what it held is asked for by whoever lacks it.
    if (typeof decoded === "string") continue
    commits.push(...decoded.commits.filter(maySee))
  }
  if (row.length < 2 || commits.length > MailboxSegment.segmentCommitsMax) return group
  const named = yield* putSegment(work, commits, group.readers)
  const one = { ...named, upto: row.at(-1)!.upto }
  const streams = { ...group.streams, [name]: [...all.slice(0, first), one, ...all.slice(first + row.length)] }
  addFossils(work, row.map(nameOf), nowMs)
  return { ...group, streams }
})

/** Writes what the readers lack of the charter. */
const withCharter = Effect.fnUntraced(function* (work: MailboxWork, group: Group, nowMs: number) {
  const charter = yield* MailboxCharter.written(work, group)
  if (charter !== group.charter) addFossils(work, group.charter.segments.map(nameOf), nowMs)
  return { ...group, charter }
})

const addFossils = (work: MailboxWork, names: ReadonlyArray<string>, nowMs: number): void => {
  const added = names.map((name) => [name, nowMs] as const)
  work.state = { ...work.state, fossils: [...work.state.fossils, ...added] }
}

/** Writes a head for a group where it would say something new. */
const withHead = Effect.fnUntraced(function* (work: MailboxWork, group: Group, nowMs: number) {
  const { crypto, journal, signer, state } = work
  const readers = new Set(group.readers.map((peer) => MailboxName.ownerTag(crypto.sha256, journal.info.space, peer)))
  const { rows } = yield* journal.partitions
  const [reader] = group.readers
  const shared = reader === undefined ? rows : yield* sharedWith(work, reader)
  const head: Omit<MailboxHead.MailboxHead, "counter"> = {
    space: journal.info.space,
    peer: signer.peer,
    incarnation: journal.info.incarnation,
    streams: {
      own: group.streams.own.map(plain),
      relayed: group.streams.relayed.map(plain)
    },
    acks: Object.entries(state.readings)
      .filter(([owner]) => readers.has(owner))
      .map(([owner, { incarnation, upto }]) => ({ owner, incarnation, upto })),
    root: RangeTree.root(crypto.sha256, shared).root,
    asks: [...work.asks.values()]
      .filter(({ owner }) => readers.has(owner))
      .map(({ number, owner, prints }) => ({ number, owner, prints })),
    answers: state.answers.filter((answer) => readers.has(answer.reader)),
    charter: MailboxCharter.said(work, group)
  }
  // Who reads is part of it: a head that somebody cannot open says nothing to them.
  const said = Bytes.toHex(
    crypto.sha256(Bytes.concat(Bytes.utf8(group.readers.join(" ")), MailboxHead.bodyOf({ ...head, counter: 1 })))
  )
  // Somebody may have taken it away.
  const [newest] = group.heads
  if (said === group.said && newest !== undefined && work.own.has(newest)) return group
  const packedAs = (counter: number) => MailboxHead.encode(signer, { ...head, counter })
  const put = yield* putFile(work, "head", packedAs, group.readers, [])
  const name = MailboxName.print(put.name)
  const heads = [name, ...group.heads]
  addFossils(work, heads.slice(headsKept), nowMs - fossilMs)
  return { ...group, said, heads: heads.slice(0, headsKept) }
})

const plain = ({ counter, hash, upto }: MailboxHead.Segment): MailboxHead.Segment => ({ counter, hash, upto })

/** Removes own files that nobody can need any more. */
const sweep = Effect.fnUntraced(function* (work: MailboxWork, nowMs: number) {
  const due = work.state.fossils.filter(([, sinceMs]) => nowMs - sinceMs >= fossilMs)
  if (due.length === 0) return
  for (const [name] of due) yield* work.mailbox.remove(name)
  const gone = new Set(due.map(([name]) => name))
  work.state = { ...work.state, fossils: work.state.fossils.filter(([name]) => !gone.has(name)) }
  yield* work.save(work.state)
})
