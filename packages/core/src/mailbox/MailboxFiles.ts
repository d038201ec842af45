/**
 * Single files of a mailbox: what comes is checked against its name and opened, what goes is sealed and gets the next number.
 */
import { Effect } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import * as Commit from "../model/Commit.ts"
import * as Partition from "../model/Partition.ts"
import type { Named } from "./MailboxHead.ts"
import * as MailboxName from "./MailboxName.ts"
import * as MailboxSegment from "./MailboxSegment.ts"
import type { MailboxWork } from "./MailboxWork.ts"

/** Bytes of commits from which on a segment is full. The largest commit still fits into a file with it. */
export const segmentBytesMax = 512 * 1024

/** What a file holds once its content is what its name says; nothing where it is not here yet or not for this device. */
export const fileOf = Effect.fnUntraced(function* (work: MailboxWork, owner: string, name: MailboxName.MailboxName) {
  const file = yield* work.mailbox.get(owner, MailboxName.print(name)).pipe(
    Effect.catchIf(
      ({ reason }) => reason._tag === "FileNotThere" || reason._tag === "FileTooLarge",
      () => Effect.undefined
    )
  )
  if (file === undefined || MailboxName.hashOf(work.crypto.sha256, file) !== name.hash) {
    work.isWaiting = true
    return undefined
  }
  return yield* work.seal.open(file)
})

/** Writes a segment for readers and this device itself, which reads it again when it makes fewer of many. */
export const putSegment = Effect.fnUntraced(function* (
  work: MailboxWork,
  commits: ReadonlyArray<Uint8Array>,
  readers: ReadonlyArray<PeerId>
) {
  const packed = MailboxSegment.encode({ space: work.journal.info.space, commits })
  const partitions = new Map<string, Partition.Partition>()
  for (const bytes of commits) {
    const commit = Commit.open(bytes)
    // Records of the charter are for all who are in.
    if (typeof commit !== "string") partitions.set(Partition.key(commit.header.partition), commit.header.partition)
  }
  const { bytes, name } = yield* putFile(work, "seg", () => packed, readers, [...partitions.values()])
  return { counter: name.counter, hash: name.hash, bytes }
})

/**
 * Seals and writes a file under the next number, which is stored first: no number is ever used twice. A right may end while a file is
 * made: it is sealed for those of the readers who may have it at the moment in which it goes out.
 */
export const putFile = Effect.fnUntraced(function* (
  work: MailboxWork,
  kind: MailboxName.Kind,
  packedAs: (counter: number) => Uint8Array,
  readers: ReadonlyArray<PeerId>,
  partitions: ReadonlyArray<Partition.Partition>
) {
  for (let present = readers; ;) {
    const counter = work.state.counter + 1
    const file = yield* work.seal.seal(packedAs(counter), [...present, work.signer.peer])
    work.state = { ...work.state, counter }
    yield* work.save(work.state)
    const still = yield* Effect.filter(present, (peer) => isMeant(work, peer, partitions))
    if (still.length < present.length) {
      present = still
      continue
    }
    const name: MailboxName.MailboxName = { kind, counter, hash: MailboxName.hashOf(work.crypto.sha256, file) }
    yield* work.mailbox.put(MailboxName.print(name), file)
    return { name, bytes: file.length }
  }
})

const isMeant = Effect.fnUntraced(function* (
  { gate, isPaused }: MailboxWork,
  peer: PeerId,
  partitions: ReadonlyArray<Partition.Partition>
) {
  if (isPaused(peer) || !(yield* gate.admits(peer)).allowed) return false
  for (const partition of partitions) if (!(yield* gate.canSend(partition, peer)).allowed) return false
  return true
})

/** The name of a segment. */
export const nameOf = ({ counter, hash }: Named): string => MailboxName.print({ kind: "seg", counter, hash })
