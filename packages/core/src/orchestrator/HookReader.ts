/**
 * Walks a journal by arrival numbers and puts commits together to what a hook is told at a time: a local transaction,
 * or what one peer delivered. It holds one page and the call that it is putting together, whatever waits behind.
 */
import { Effect } from "effect"
import type { Author } from "../identity/Author.ts"
import { changesPageMax } from "../journal/ChangeReads.ts"
import type { ChangePage, CommitChange, EntityRef, JournalShape } from "../journal/Journal.ts"
import * as Partition from "../model/Partition.ts"
import { type AppliedChange, type CommittedChange, entitiesPerCallMax } from "./Hook.ts"

export type Told =
  | { readonly _tag: "Committed"; readonly change: CommittedChange }
  | { readonly _tag: "Applied"; readonly change: AppliedChange }

/** Where one hook is in the journal. */
export interface HookReader {
  readonly journal: JournalShape
  /** Everything up to here was given out. */
  given: number
  /** As whom the journal wrote when the page was read: as another once commits were taken back. */
  writer: Author
  /** Everything up to here was given out or is in the page. */
  upto: number
  page: ReadonlyArray<CommitChange>
  at: number
  /** Nothing followed the page when it was read. Whoever learns that something does sets it to false. */
  isEnd: boolean
}

export const make = (journal: JournalShape, after: number): HookReader => ({
  journal,
  given: after,
  writer: journal.info.author,
  upto: after,
  page: [],
  at: 0,
  isEnd: false
})

/** What comes next, or `undefined` when nothing more was durable. After a failure the reader is of no use. */
export const next = Effect.fnUntraced(function* (reader: HookReader) {
  const { journal } = reader
  for (;;) {
    const told = yield* gather(reader)
    if (reader.writer === journal.info.author) {
      if (told !== undefined) reader.given = told.change.head
      return told
    }
    // The page may hold what was taken back since.
    Object.assign(reader, make(journal, reader.given))
  }
})

/** Puts the next call together from what the pages say. */
const gather = Effect.fnUntraced(function* (reader: HookReader) {
  const first = yield* peek(reader)
  if (first === undefined) return undefined
  reader.at++
  const commits = [first]
  let entities = first.entities.length
  let isComplete = true
  // A transaction of one change is one commit; nothing that follows can belong to it.
  while (!first.isLocal || first.group !== undefined) {
    const commit = yield* peek(reader)
    if (commit === undefined || !isToldWith(first, commit)) break
    if (entities >= entitiesPerCallMax) {
      isComplete = false
      break
    }
    reader.at++
    commits.push(commit)
    entities += commit.entities.length
  }
  return toldOf(reader.journal.info.incarnation, commits, isComplete)
})

/** The next commit, read when it must be; it stays where it is. */
const peek = Effect.fnUntraced(function* (reader: HookReader) {
  while (reader.at >= reader.page.length && !reader.isEnd) {
    const page: ChangePage = yield* reader.journal.changesAfter(reader.upto, changesPageMax)
    reader.page = page.changes
    reader.at = 0
    reader.upto = page.upto
    reader.isEnd = page.isEnd
    // A hook that is far behind lets others run between pages.
    yield* Effect.yieldNow
  }
  return reader.page[reader.at]
})

/** The commits of one transaction have one group and stand together, as do those of a batch. */
const isToldWith = (first: CommitChange, other: CommitChange): boolean =>
  first.isLocal ? other.isLocal && other.group === first.group : !other.isLocal && other.source === first.source

const toldOf = (incarnation: string, commits: ReadonlyArray<CommitChange>, isComplete: boolean): Told => {
  const first = commits[0]!
  const all = {
    head: commits[commits.length - 1]!.lseq,
    incarnation,
    commits: commits.map(({ id }) => id),
    entities: eachOnce(commits),
    events: commits.reduce((sum, { events }) => sum + events, 0)
  }
  if (first.isLocal) return { _tag: "Committed", change: { ...all, author: first.author, isComplete } }
  const authors = [...new Set<Author>(commits.map(({ author }) => author))]
  return { _tag: "Applied", change: { ...all, peer: first.source, authors } }
}

/** A later commit knows better whether an entity is deleted. */
const eachOnce = (commits: ReadonlyArray<CommitChange>): ReadonlyArray<EntityRef> => {
  const byPartition = new Map<string, Map<string, number>>()
  const refs: Array<EntityRef> = []
  for (const { entities } of commits) {
    for (const ref of entities) {
      const key = Partition.key(ref)
      let places = byPartition.get(key)
      if (places === undefined) {
        places = new Map()
        byPartition.set(key, places)
      }
      const place = places.get(ref.id)
      if (place !== undefined) refs[place] = ref
      else places.set(ref.id, refs.push(ref) - 1)
    }
  }
  return refs
}
