/**
 * Commits of a journal, opened to read events of single entities. Of each commit only the events that are asked for are
 * decoded and hashed, and what is kept of it is little more than its bytes, because entities that changed in any order
 * ask many commits for one event each. What is stored was checked when it came in, so a commit that does not open means
 * a broken store and throws.
 */
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { CommittedEvent } from "../merge/EntityTimeline.ts"
import * as Commit from "../model/Commit.ts"
import * as Event from "../model/Event.ts"
import * as CommitReading from "./CommitReading.ts"
import type { CommitRow } from "./JournalTables.ts"
import type { ReaderContext } from "./OpenedCommits.ts"

export interface PastCommit {
  readonly lseq: number
  /** In hexadecimal. */
  readonly id: string
  readonly header: Commit.CommitHeader
  /** See `Commit.meaningOf`. */
  readonly meaning: Uint8Array
  readonly partition: number
  readonly previous: CommitRow["previous"]
  readonly places: ReadonlyArray<number>
  /** What was sealed of each event by its place, where this device can open it. */
  readonly contents: ReadonlyArray<Uint8Array | null>
  /** Some of it may be read later: its key is not here. */
  readonly isLocked: boolean
  /** What the contents take in memory, about. */
  readonly contentsBytes: number
  /** The events one after another, and where each ends. */
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
  /** A number for the entity of each event; different entities may share one. */
  readonly names: Uint32Array
}

/** Memory for commits that are kept open for one question; beyond it those go that were opened first. */
const openedBytesMax = 64 * 1024 * 1024
/** What a commit and each of its events take besides the events' bytes, about. */
const commitOverheadBytes = 1024
const eventOverheadBytes = 24

export class PastCommits {
  readonly #context: ReaderContext
  readonly #opened = new Map<number, PastCommit>()
  readonly #bytesMax: number
  #bytes = 0

  constructor(context: ReaderContext, bytesMax = openedBytesMax) {
    this.#context = context
    this.#bytesMax = bytesMax
  }

  /** The commit of an arrival number; `undefined` when there is none, or when it was withdrawn. */
  find(lseq: number): PastCommit | undefined {
    const known = this.#opened.get(lseq)
    if (known !== undefined) return known
    const fresh = open(this.#context, lseq)
    if (fresh === undefined) return undefined
    this.#opened.set(lseq, fresh)
    this.#bytes += sizeOf(fresh)
    for (const [oldest, commit] of this.#opened) {
      if (this.#bytes <= this.#bytesMax) break
      this.#opened.delete(oldest)
      this.#bytes -= sizeOf(commit)
    }
    return fresh
  }

  /** Forgets what is open. */
  clear(): void {
    this.#opened.clear()
    this.#bytes = 0
  }

  /** The applied events of one entity in a commit, the last first, and the commit that changed the entity before. */
  eventsOf(
    commit: PastCommit,
    id: string
  ): { readonly events: ReadonlyArray<CommittedEvent>; readonly before: number } {
    const events: Array<CommittedEvent> = []
    const { names } = commit
    const name = nameOf(id)
    let before = 0
    for (let index = names.length - 1; index >= 0; index--) {
      if (names[index] !== name) continue
      const previous = commit.previous[index]!
      const bytes = eventAt(commit, index)
      if (previous < 0 || Event.entityOf(bytes) !== id) continue
      before = previous
      events.push(this.#committed(commit, index, bytes))
    }
    return { events, before }
  }

  #committed(commit: PastCommit, index: number, bytes: Uint8Array): CommittedEvent {
    const { contents, header, id, lseq, meaning, places } = commit
    const place = places[index]!
    const outline = Event.decode(bytes, header.authors.length)
    if (typeof outline === "string") throw new Error(`commit ${lseq}: ${outline}`)
    const whole = Event.withContents(outline, contents[place], header.authors.length)
    const event = typeof whole === "string" ? outline : whole
    const at = HybridTime.add(header.at, place)
    const hash = Commit.leaf(this.#context.crypto, meaning, at, header.nonce, bytes).slice(0, Event.eventHashBytes)
    const origin = { at, authors: header.authors, hash }
    const isLocked = commit.isLocked || whole === Event.newer
    return { event, origin, lseq, commit: id, group: header.group, isLocked }
  }
}

/** The entities that a commit names, in its order. */
export const entitiesIn = (commit: PastCommit): ReadonlyArray<string> =>
  Array.from(commit.ends, (_, index) => Event.entityOf(eventAt(commit, index)))

const eventAt = ({ bytes, ends }: PastCommit, index: number): Uint8Array =>
  bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index])

const open = (context: ReaderContext, lseq: number): PastCommit | undefined => {
  const { compression, crypto, rows } = context
  const row = rows.commitAt(lseq)
  if (row === undefined || row.events === 0) return undefined
  const packed = Commit.open(row.bytes)
  if (typeof packed === "string") throw new Error(`commit ${lseq}: ${packed}`)
  const unpacked = Commit.unpackEvents(compression, packed)
  if (typeof unpacked === "string") throw new Error(`commit ${lseq}: ${unpacked}`)
  const { events, places } = unpacked
  const contents = CommitReading.contentsOf(context, packed)
  let end = 0
  return {
    lseq,
    id: Commit.id(crypto, packed),
    header: packed.header,
    meaning: Commit.meaningOf(crypto, packed.header),
    partition: row.partition,
    previous: row.previous,
    places,
    contents: typeof contents === "string" ? [] : contents,
    isLocked: typeof contents === "string" && CommitReading.isLacking(contents),
    contentsBytes: typeof contents === "string" ? 0 : packed.header.seal!.size,
    bytes: Bytes.concat(...events),
    ends: Uint32Array.from(events, (event) => (end += event.length)),
    names: Uint32Array.from(events, (event) => nameOf(Event.entityOf(event)))
  }
}

const sizeOf = ({ bytes, contentsBytes, ends }: PastCommit): number =>
  bytes.length + contentsBytes + ends.length * eventOverheadBytes + commitOverheadBytes

/** FNV-1a over the characters of an id. */
const nameOf = (id: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
