/**
 * What stored commits changed here, read back in order of arrival, once for every store: the way to follow a journal
 * without missing anything, however far behind the reader is. It gives no contents; those are read by id.
 */
import * as Commit from "../model/Commit.ts"
import * as Fingerprint from "./Fingerprint.ts"
import type { ChangePage, CommitChange, EntityRef } from "./Journal.ts"
import { type CommitRow, sources } from "./JournalTables.ts"
import { openRow, type ReaderContext } from "./OpenedCommits.ts"

/** Commits of one page; whoever asks for more gets this many. */
export const changesPageMax = 64
/** A page that names this many entities takes no further commit, so that reading it blocks nobody for long. */
const entitiesPageMax = 256
/** The index of no source: nothing is left out. */
const excludesNobody = -2

/** A page of changes; it covers at least one commit when there is one. */
export const changesAfter = (context: ReaderContext, after: number, limit: number): ChangePage => {
  const { rows } = context
  const changes: Array<CommitChange> = []
  let upto = after
  let entities = 0
  const rowsMax = Math.min(limit, changesPageMax)
  const page = rows.commitsAfter(after, excludesNobody, rowsMax)
  for (const row of page) {
    if (entities >= entitiesPageMax) return { changes, upto, isEnd: false }
    upto = row.lseq
    const change = changeOf(context, row)
    changes.push(change)
    entities += change.entities.length
  }
  // Behind the last one there may be commits that were taken back.
  if (page.length < rowsMax) upto = rows.head()
  return { changes, upto, isEnd: upto >= rows.head() }
}

const changeOf = (context: ReaderContext, row: CommitRow & { readonly lseq: number }): CommitChange => {
  const { crypto, rows } = context
  const { decoded, packed } = openRow(context, row)
  const { header, type } = rows.partitionAt(row.partition).partition
  const refs = new Map<string, EntityRef>()
  let events = 0
  for (let index = 0; index < decoded.length; index++) {
    if (row.previous[index]! < 0) continue
    events++
    const id = decoded[index]!.entity
    if (refs.has(id)) continue
    const entity = rows.entity(row.partition, Fingerprint.entityKey(crypto.sha256, id), id)
    refs.set(id, { type, header, id, isDeleted: entity === undefined || entity.isDeleted })
  }
  const isLocal = row.source === sources.own
  return {
    lseq: row.lseq,
    id: Commit.id(crypto, packed),
    author: packed.header.authors[0]!,
    isLocal,
    source: isLocal ? undefined : rows.peerAt(row.source),
    group: packed.header.group,
    events,
    entities: [...refs.values()]
  }
}
