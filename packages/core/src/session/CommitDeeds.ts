/**
 * What a commit from somebody else does, for a policy that has to know: its events are opened, and records that it begins
 * are looked up here, for whoever may only create must not overwrite.
 */
import { Effect } from "effect"
import type { CompressionFunctions } from "../crypto/Compression.ts"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import { blind } from "../crypto/KeyRing.ts"
import { begun, type Deeds, ofEvents } from "../gate/Deeds.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import { eventHashBytes, mayRevive } from "../model/Event.ts"
import * as Partition from "../model/Partition.ts"
import * as CommitOpening from "../journal/CommitOpening.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import type { ItemKey, JournalShape } from "../journal/Journal.ts"

export interface DeedsContext {
  readonly journal: JournalShape
  readonly crypto: CryptoFunctions
  readonly compression: CompressionFunctions
  readonly beginnings: Beginnings
}

/** A record that a commit begins: its key, who begins it, and the hash of the first event. */
export interface Beginning extends ItemKey {
  readonly author: Uint8Array
  readonly first: Uint8Array
}

/**
 * Records begun by commits that were let in and are not written yet: the journal does not tell of them, and whoever
 * writes to one of them after that does not begin it.
 */
export class Beginnings {
  readonly #records = new Map<string, Beginning>()

  add(begun: ReadonlyArray<Beginning>): void {
    for (const beginning of begun) {
      const name = nameOf(beginning)
      if (!this.#records.has(name)) this.#records.set(name, beginning)
    }
  }

  /** They are written, or never will be. */
  delete(begun: ReadonlyArray<Beginning>): void {
    for (const beginning of begun) {
      const name = nameOf(beginning)
      if (this.#records.get(name) === beginning) this.#records.delete(name)
    }
  }

  isByAnother(beginning: Beginning): boolean {
    const known = this.#records.get(nameOf(beginning))
    if (known === undefined) return false
    return !Bytes.equals(known.author, beginning.author) || !Bytes.equals(known.first, beginning.first)
  }
}

const nameOf = ({ key, partitionHash }: ItemKey): string => `${Bytes.toHex(partitionHash)}${key}`

/** What a commit does, and the records that it begins. */
export interface CommitDeeds {
  readonly deeds: Deeds
  readonly begun: ReadonlyArray<Beginning>
}

/** What nobody can read yet may do everything; it is judged again when it can be read. */
const unreadable: CommitDeeds = {
  deeds: { creates: true, updates: true, deletes: true, fields: new Set() },
  begun: []
}

export const of = Effect.fnUntraced(function* (context: DeedsContext, bytes: Uint8Array) {
  const { crypto, journal } = context
  const opening = CommitOpening.open({ ...context, keys: blind, space: journal.info.space }, bytes)
  if (opening.kind !== "checked") return unreadable
  const { decoded, events, packed } = opening.commit
  const partitionHash = Partition.hash(crypto.sha256, journal.info.space, packed.header.partition)
  const names = new Set(begun(decoded))
  const found = new Map<number, Beginning>()
  decoded.forEach(({ entity, eseq }, i) => {
    if (eseq !== 1 || !names.has(entity)) return
    const key = Fingerprint.entityKey(crypto.sha256, entity)
    const first = events.leaves[i]!.subarray(0, eventHashBytes)
    found.set(key, { partitionHash, key, author: Author.toBytes(packed.header.authors[0]!), first })
  })
  const there = yield* thereBefore(context, [...found.values()])
  const deeds = ofEvents(decoded, (entity) => there.has(Fingerprint.entityKey(crypto.sha256, entity)))
  const done: CommitDeeds = {
    deeds,
    begun: [...found.values()].filter(({ key }) => !there.has(key))
  }
  return done
})

/** True where each of the commit's events is about a record of which something is here, and none brings a deleted one back. */
export const beginsNothing = Effect.fnUntraced(function* (context: DeedsContext, bytes: Uint8Array) {
  const { crypto, journal } = context
  const opening = CommitOpening.open({ ...context, keys: blind, space: journal.info.space }, bytes)
  if (opening.kind !== "checked") return false
  const { decoded, packed } = opening.commit
  if (decoded.some(mayRevive)) return false
  const partitionHash = Partition.hash(crypto.sha256, journal.info.space, packed.header.partition)
  const keys = new Set(decoded.map(({ entity }) => Fingerprint.entityKey(crypto.sha256, entity)))
  const there = yield* journal.clocks([...keys].map((key) => ({ partitionHash, key })))
  return there.length === keys.size
})

/**
 * Keys of the records that somebody else has begun here. A device that calls itself a new one, by another incarnation,
 * is somebody else, or it could overwrite what it made; and so is the author of another event under the same number.
 */
const thereBefore = Effect.fnUntraced(function* (
  { beginnings, journal }: DeedsContext,
  begun: ReadonlyArray<Beginning>
) {
  const there = new Set(begun.filter((beginning) => beginnings.isByAnother(beginning)).map(({ key }) => key))
  const own = new Map(begun.map((beginning) => [beginning.key, beginning]))
  for (const { clock, key } of yield* journal.clocks(begun)) {
    const { author, first } = own.get(key)!
    const isOther = ([writer, eseq, head]: (typeof clock)[number]): boolean =>
      !Bytes.equals(writer, author) || (eseq === 1 && !Bytes.equals(head, first))
    if (clock.some(isOther)) there.add(key)
  }
  return there
})
