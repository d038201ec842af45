/**
 * Finds stored commits by their names. No index leads to them, because one over random names would make every write
 * dearer: the newest commits are looked through, page by page, by their headers alone. What they did to entities is not
 * its business.
 */
import { Effect } from "effect"
import type * as Undo from "../merge/Undo.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as Commit from "../model/Commit.ts"
import type { UndoTarget } from "./History.ts"
import { type JournalRows, sources } from "./JournalTables.ts"
import * as PastEvents from "./PastEvents.ts"

/** Newest commits that a search looks through. */
export const commitsSearchedMax = 1_000_000
/** Commits looked at before others have their turn; each may have 256 KiB. */
const commitsPerTurn = 64
/** A source that no commit has, so that none is left out. */
const noSource = -2

export interface FoundCommits {
  readonly target: Undo.Target
  /** Arrival numbers of the rows that hold them, whole or in part; empty when there is none. */
  readonly lseqs: ReadonlyArray<number>
}

/**
 * The rows of a target. A commit that is here whole ends the search. Nothing says how many commits a transaction has, and
 * one that was taken back and came again lies far from the others, so a group is searched for to the end. Where several
 * devices used it, it is this device's own transaction, or that of the newest commit.
 */
export const find = Effect.fnUntraced(function* (reading: PastEvents.Reading, asked: UndoTarget) {
  const { context } = reading
  const { head, named } = yield* context.read(() => ({
    head: context.rows.head(),
    named: "lseq" in asked && asked.lseq !== undefined ? rowAt(reading, asked.lseq) : undefined
  }))
  const isMeant = named !== undefined && (!("commit" in asked) || asked.commit === named.id)
  if (isMeant && named.packed.part === undefined) {
    return { target: { commit: named.id }, lseqs: [named.lseq] } satisfies FoundCommits
  }
  const wanted = isMeant ? { commit: named.id } : wantedOf(asked)
  if (wanted === undefined) return undefined
  const group = ("group" in wanted ? Bytes.fromHex(wanted.group) : undefined) ?? new Uint8Array(0)
  const search: Search = { wanted, group, found: [], own: undefined, places: new Set() }
  for (let upto = head; upto > Math.max(0, head - commitsSearchedMax); upto -= commitsPerTurn) {
    if (yield* context.read(() => lookThrough(reading, search, upto))) break
    yield* PastEvents.rest(reading)
  }
  return foundCommits(search)
})

const foundCommits = ({ found, own, wanted }: Search): FoundCommits | undefined => {
  if ("commit" in wanted) return { target: wanted, lseqs: found.map(({ lseq }) => lseq) }
  const device = own ?? found[0]?.device
  if (device === undefined) return undefined
  const lseqs = found.flatMap((commit) => (commit.device === device ? [commit.lseq] : []))
  return { target: { ...wanted, device }, lseqs }
}

type Wanted = { readonly commit: string } | { readonly group: string }

/** What a search goes for; an arrival number that leads nowhere names nothing else. */
const wantedOf = (asked: UndoTarget): Wanted | undefined => {
  if ("group" in asked) return { group: asked.group }
  return "commit" in asked ? { commit: asked.commit } : undefined
}

type Row = NonNullable<ReturnType<JournalRows["commitAt"]>>

const rowAt = ({ context }: PastEvents.Reading, lseq: number) => {
  const row = context.rows.commitAt(lseq)
  if (row === undefined || row.events === 0) return undefined
  const packed = opened(row)
  return { lseq, packed, id: Commit.id(context.crypto, packed) }
}

const opened = (row: Row): Commit.PackedCommit => {
  const packed = Commit.open(row.bytes)
  if (typeof packed === "string") throw new Error(`commit ${row.lseq}: ${packed}`)
  return packed
}

interface Search {
  readonly wanted: Wanted
  /** The group in bytes, where one is searched for. */
  readonly group: Uint8Array
  readonly found: Array<{ readonly lseq: number; readonly device: PeerId }>
  /** This device, where one of them is its own. */
  own: PeerId | undefined
  /** Places of a commit's events that were found in parts. */
  readonly places: Set<number>
}

/** Looks at one page that ends with `upto`, the newest commit first; true when all is found. */
const lookThrough = ({ context }: PastEvents.Reading, search: Search, upto: number): boolean => {
  const { wanted } = search
  const page = context.rows.commitsAfter(Math.max(0, upto - commitsPerTurn), noSource, commitsPerTurn)
  for (let i = page.length - 1; i >= 0; i--) {
    const row = page[i]!
    if (row.lseq > upto) continue
    if ("group" in wanted) {
      if (!Commit.mayBeOfGroup(row.bytes, search.group)) continue
      const { header } = opened(row)
      if (header.group !== wanted.group) continue
      const device = Author.peer(header.authors[0]!)
      search.found.push({ lseq: row.lseq, device })
      if (row.source === sources.own) search.own = device
    } else if (Commit.idOf(context.crypto, row.bytes) === wanted.commit) {
      const { header, part } = opened(row)
      search.found.push({ lseq: row.lseq, device: Author.peer(header.authors[0]!) })
      for (const place of part?.places ?? []) search.places.add(place)
      if (part === undefined || search.places.size === header.count) return true
    }
  }
  return false
}
