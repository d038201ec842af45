/**
 * A mailbox as a storage that a program asks itself, by the three calls that PrivStack's `CloudStorage` has: what is here goes up,
 * what others left comes down, and who they are. It is the road of `MailboxSync` and none beside it: what comes is checked, judged and
 * taken into the journal first, and only what is in it is given out. When to call, the program says.
 */
import { Effect, Semaphore } from "effect"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import { defaultDeleteLimits, type DeleteLimits } from "../journal/DeleteWatch.ts"
import { Journal } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import * as Commit from "../model/Commit.ts"
import * as Limits from "../model/Limits.ts"
import type { Mailbox } from "./Mailbox.ts"
import { type ShownCommit, commitOf } from "./MailboxContents.ts"
import { CursorMalformed, MailboxError } from "./MailboxError.ts"
import * as MailboxSync from "./MailboxSync.ts"

export interface CloudStorageOptions {
  readonly mailbox: Mailbox
  /** Stamps further ahead of this clock wait in quarantine, in milliseconds. */
  readonly aheadMsMax?: number | undefined
  /** Deletes of one device that are more than this wait for a person. */
  readonly deleteLimits?: DeleteLimits | undefined
}

/** Commits of others that came into the journal, in the order in which they came. */
export interface Downloaded {
  readonly commits: ReadonlyArray<ShownCommit>
  /** Where the next call goes on. A text to be kept and given back; what is in it may change. */
  readonly next: string
  /** There is no more now. */
  readonly isEnd: boolean
}

/** Calls wait for each other. Each fails as the mailbox or the journal does; nothing is lost, and the next one goes on. */
export interface CloudStorageShape {
  /** Leaves there what others lack of this journal, theirs included; true when something was written. */
  readonly uploadEvents: Effect.Effect<boolean, MailboxError | JournalError>
  /**
   * Takes in what others have left, and gives what came into the journal since, by this road or another: about `downloadBytesMax`, and
   * every commit of others once. `null` is the beginning. Fails with `CursorMalformed` for what no storage has given.
   */
  readonly downloadEvents: (since: string | null) => Effect.Effect<Downloaded, MailboxError | JournalError>
  /** Other devices that have left something there for this one, and how they stand by what they left last. */
  readonly listPeers: Effect.Effect<ReadonlyArray<MailboxSync.MailboxPeer>, MailboxError | JournalError>
}

/** Bytes of commits in one answer; the last one may be beyond. */
export const downloadBytesMax = 512 * 1024

/** Opens a mailbox as a storage of this device's journal, until the scope closes. A node that uses the same one must not run. */
export const open = Effect.fnUntraced(function* ({
  aheadMsMax = Limits.clockAheadPeerMs,
  deleteLimits = defaultDeleteLimits,
  mailbox
}: CloudStorageOptions) {
  const storage: Storage = {
    name: mailbox.name,
    journal: yield* Journal,
    crypto: yield* Crypto,
    compression: yield* Compression,
    signer: yield* DeviceKey
  }
  const { peers, step } = yield* MailboxSync.open({
    mailbox,
    aheadMsMax,
    deleteLimits,
    isPaused: () => false,
    notify: () => Effect.void
  })
  const turns = yield* Semaphore.make(1)
  const shape: CloudStorageShape = {
    uploadEvents: turns.withPermit(Effect.map(step, ({ hasWritten }) => hasWritten)),
    downloadEvents: (since) =>
      turns.withPermit(
        Effect.gen(function* () {
          const after = yield* placeOf(storage, since)
          yield* step
          return yield* page(storage, after)
        })
      ),
    listPeers: turns.withPermit(Effect.andThen(step, peers))
  }
  return shape
})

interface Storage {
  readonly name: string
  readonly journal: Journal["Service"]
  readonly crypto: Crypto["Service"]
  readonly compression: Compression["Service"]
  readonly signer: DeviceKey["Service"]
}

/** An incarnation of a journal, and how far into what arrived there. */
const cursorForm = /^1\.([0-9a-f]{16})\.(\d{1,15})$/

/** The arrival number to go on from. */
const placeOf = Effect.fnUntraced(function* ({ journal, name }: Storage, since: string | null) {
  if (since === null) return 0
  const [, incarnation, digits] = (typeof since === "string" ? cursorForm.exec(since) : null) ?? []
  if (incarnation === undefined) {
    return yield* Effect.fail(new MailboxError({ mailbox: name, reason: new CursorMalformed({ cursor: since }) }))
  }
  // Another journal's numbers say nothing here, nor do those that this one had before it was set back.
  const [after, head] = [Number(digits), yield* journal.head]
  return incarnation === journal.info.incarnation && after <= head ? after : 0
})

const page = Effect.fnUntraced(function* ({ journal, signer, ...context }: Storage, after: number) {
  const { commits, isEnd, upto } = yield* journal.feed(after, signer.peer, downloadBytesMax)
  const { incarnation, space } = journal.info
  const opening = { ...context, keys: journal.keys, space }
  const shown = commits.flatMap(({ bytes }) => {
    const packed = Commit.open(bytes)
    return typeof packed === "string" || packed.header.authors[0] === journal.info.author
      ? []
      : [commitOf(opening, packed, bytes)]
  })
  const downloaded: Downloaded = { commits: shown, next: `1.${incarnation}.${upto}`, isEnd }
  return downloaded
})
