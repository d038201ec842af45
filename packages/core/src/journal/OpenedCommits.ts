/**
 * Commits of a journal, opened to read their events: each is decoded once, however many entities ask for it. What is
 * stored was checked when it came in, so a commit that does not open means a broken store and throws.
 */
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import type { KeyId } from "../crypto/SpaceKey.ts"
import * as Commit from "../model/Commit.ts"
import type * as Event from "../model/Event.ts"
import * as CommitReading from "./CommitReading.ts"
import type { JournalRows } from "./JournalTables.ts"

export interface ReaderContext extends CommitReading.ReadingContext {
  readonly rows: JournalRows
  readonly crypto: CryptoFunctions
  /** Bytes below which exactly what is lacking of a commit is sent; see `JournalReads`. */
  readonly wholeBytesMin?: number | undefined
  /**
   * Notes that a commit was read without its key: whoever writes down what it read so must come back to it. Where nothing is
   * written it is not there.
   */
  readonly addLocked?: ((lseq: number, key: KeyId) => void) | undefined
}

type StoredCommit = NonNullable<ReturnType<JournalRows["commitAt"]>>

export interface OpenedCommit {
  readonly row: StoredCommit
  readonly packed: Commit.PackedCommit
  readonly events: Commit.CommitEvents
  readonly decoded: ReadonlyArray<Event.Event>
  readonly contents: CommitReading.Contents
}

/** Commits kept open at once, and the bytes of their events; beyond it all are forgotten and opened again when asked for. */
const openedMax = 1024
const openedBytesMax = 16 * 1024 * 1024

export class OpenedCommits {
  readonly context: ReaderContext
  readonly #opened = new Map<number, OpenedCommit>()
  #bytes = 0
  /** Bytes of all events that were unpacked so far. */
  unpackedBytes = 0

  constructor(context: ReaderContext) {
    this.context = context
  }

  /** The commit of an arrival number that an entity names. */
  get(lseq: number): OpenedCommit {
    const found = this.find(lseq)
    if (found === undefined) throw new Error(`commit ${lseq} is named by an entity but not stored`)
    return found
  }

  /** The same for a name that may be out of date: `undefined` when the commit was withdrawn. */
  find(lseq: number): OpenedCommit | undefined {
    const known = this.#opened.get(lseq)
    if (known !== undefined) return known
    const row = this.context.rows.commitAt(lseq)
    if (row === undefined || row.events === 0) return undefined
    const fresh = openRow(this.context, row)
    const lacked = CommitReading.lackedKey(fresh)
    if (lacked !== undefined) this.context.addLocked?.(lseq, lacked)
    const bytes = Commit.unpackedBytes(fresh.packed.header)
    this.#bytes += bytes
    this.unpackedBytes += bytes
    if (this.#opened.size >= openedMax || this.#bytes > openedBytesMax) {
      this.clear()
      this.#bytes = bytes
    }
    this.#opened.set(lseq, fresh)
    return fresh
  }

  /** Forgets what is open. */
  clear(): void {
    this.#opened.clear()
    this.#bytes = 0
  }
}

/** Opens a commit that was read. */
export const openRow = (context: ReaderContext, row: StoredCommit): OpenedCommit => {
  const { lseq } = row
  const { compression, crypto } = context
  const packed = Commit.open(row.bytes)
  if (typeof packed === "string") throw new Error(`commit ${lseq}: ${packed}`)
  const events = Commit.openEvents(crypto, compression, packed)
  if (typeof events === "string") throw new Error(`commit ${lseq}: ${events}`)
  const read = CommitReading.read(context, packed, events, { nodes: Infinity })
  if (typeof read === "string") throw new Error(`commit ${lseq}: ${read}`)
  return { row, packed, events, ...read }
}
