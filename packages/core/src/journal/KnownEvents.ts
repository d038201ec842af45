/**
 * Which events were applied here, for those whom it concerns before anything is merged. The events of an entity are read
 * once for a transaction, however often it asks, and what the transaction adds meanwhile is read as well.
 */
import * as Bytes from "../identity/Bytes.ts"
import * as EntityHistory from "./EntityHistory.ts"
import type { OpenedCommits } from "./OpenedCommits.ts"
import type { OpenEntity } from "./OpenEntities.ts"

interface Read {
  /** The last change of the entity that was read. */
  upto: number
  readonly hashes: Set<string>
}

export class KnownEvents {
  readonly #commits: OpenedCommits
  readonly #read = new Map<OpenEntity, Read>()

  constructor(commits: OpenedCommits) {
    this.#commits = commits
  }

  /** True when the event with this hash is one of those that the entity is made of. */
  has(entity: OpenEntity, hash: Uint8Array): boolean {
    let read = this.#read.get(entity)
    if (read === undefined) {
      read = { upto: 0, hashes: new Set() }
      this.#read.set(entity, read)
    }
    if (read.upto < entity.lseq) {
      for (const { lseq, origin } of EntityHistory.newestFirst(this.#commits, entity.id, entity.lseq)) {
        if (lseq <= read.upto) break
        read.hashes.add(Bytes.toHex(origin.hash))
      }
      read.upto = entity.lseq
    }
    return read.hashes.has(Bytes.toHex(hash))
  }
}
