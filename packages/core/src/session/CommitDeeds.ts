/**
 * What a commit from somebody else does, for a policy that has to know: its events are opened, and records that it begins
 * are looked up here, for whoever may only create must not overwrite.
 */
import { Effect } from "effect"
import type { CompressionFunctions } from "../crypto/Compression.ts"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import { begun, type Deeds, ofEvents } from "../gate/Deeds.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import { type Event, eventHashBytes } from "../model/Event.ts"
import * as Partition from "../model/Partition.ts"
import * as CommitOpening from "../journal/CommitOpening.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import type { JournalShape } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"

export interface DeedsContext {
  readonly journal: JournalShape
  readonly crypto: CryptoFunctions
  readonly compression: CompressionFunctions
}

/** What nobody can read yet may do everything; it is judged again when it can be read. */
const unreadable: Deeds = { creates: true, updates: true, deletes: true, fields: new Set() }

export const of = Effect.fnUntraced(function* (context: DeedsContext, bytes: Uint8Array) {
  const { crypto, journal } = context
  const opening = CommitOpening.open({ ...context, space: journal.info.space }, bytes)
  if (opening.kind !== "checked") return unreadable
  const { decoded, events, packed } = opening.commit
  const there = yield* thereBefore(context, decoded, events.leaves, packed.header)
  return ofEvents(decoded, (entity) => there.has(Fingerprint.entityKey(crypto.sha256, entity)))
})

/**
 * Keys of the records that the events begin and that somebody else has written here. A device that calls itself a new
 * one, by another incarnation, is somebody else, or it could overwrite what it made; and so is the author of another event
 * under the same number.
 */
const thereBefore = (
  { crypto, journal }: DeedsContext,
  events: ReadonlyArray<Event>,
  leaves: ReadonlyArray<Uint8Array>,
  { authors, partition }: { readonly authors: ReadonlyArray<Author.Author>; readonly partition: Partition.Partition }
): Effect.Effect<ReadonlySet<number>, JournalError> =>
  Effect.gen(function* () {
    const partitionHash = Partition.hash(crypto.sha256, journal.info.space, partition)
    const keys = begun(events).map((entity) => ({ partitionHash, key: Fingerprint.entityKey(crypto.sha256, entity) }))
    const self = Author.toBytes(authors[0]!)
    const firsts = new Map<number, Uint8Array>()
    events.forEach(({ entity, eseq }, i) => {
      if (eseq === 1) firsts.set(Fingerprint.entityKey(crypto.sha256, entity), leaves[i]!.subarray(0, eventHashBytes))
    })
    const there = new Set<number>()
    for (const { clock, key } of yield* journal.clocks(keys)) {
      const isOther = ([author, eseq, head]: (typeof clock)[number]): boolean =>
        !Bytes.equals(author, self) || (eseq === 1 && !Bytes.equals(head, firsts.get(key)!))
      if (clock.some(isOther)) there.add(key)
    }
    return there
  })
