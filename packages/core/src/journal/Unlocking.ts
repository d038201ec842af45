/**
 * Reading what came before its key did: commits that a journal keeps without being able to read their contents are opened
 * once the key is there, and their records become what they would be had it been there from the start. Clocks and
 * fingerprints say nothing of contents, so nobody else notices.
 */
import { Effect } from "effect"
import type { KeyId } from "../crypto/SpaceKey.ts"
import type * as Commit from "../model/Commit.ts"
import * as EntityHistory from "./EntityHistory.ts"
import type { EntityRef } from "./Journal.ts"
import type { WriterContext } from "./JournalWriter.ts"
import { OpenedCommits } from "./OpenedCommits.ts"
import { OpenEntities } from "./OpenEntities.ts"

/** Commits that one step opens; a record with a long history is read whole. */
const commitsPerStepMax = 64

/** What one step did. */
export interface UnlockStep {
  readonly entities: ReadonlyArray<EntityRef>
  /** Commits that can be read now. */
  readonly opened: number
  /** Arrival number to go on behind. */
  readonly upto: number
  readonly isEnd: boolean
}

/** Opens the next commits behind an arrival number whose key is here by now. */
export const step = (context: WriterContext, after: number): UnlockStep => {
  const { compression, crypto, keys, tables } = context
  const held = tables.lockedKeys().filter((key) => keys.find(key) !== undefined)
  const page = held.length === 0 ? [] : tables.lockedAfter(held, after, commitsPerStepMax)
  const commits = new OpenedCommits({ rows: tables, crypto, compression, keys })
  const entities = new OpenEntities(tables, crypto)
  let opened = 0
  for (const lseq of page) {
    const commit = commits.find(lseq)
    // It may have been taken out since; what a later version wrote waits on.
    if (commit?.contents === "newer") continue
    tables.removeLocked(lseq)
    if (commit === undefined || commit.contents !== "opened") continue
    opened++
    const partition = tables.partitionAt(commit.row.partition)
    commit.decoded.forEach(({ entity: id }, index) => {
      if (commit.row.previous[index]! < 0) return
      const entity = entities.open(partition, id)
      if (entity.unfolded !== undefined) return
      entity.unfolded = { events: [...EntityHistory.ofEntity(commits, id, entity.lseq)], numbers: new Map() }
      entities.changed(entity, entity.lseq)
    })
  }
  return {
    entities: entities.finish(),
    opened,
    upto: page.at(-1) ?? after,
    isEnd: page.length < commitsPerStepMax
  }
}

/** Steps to the end; gives the number of commits that were opened. */
export const whole = Effect.fnUntraced(function* <E>(next: (after: number) => Effect.Effect<UnlockStep, E>) {
  let opened = 0
  let at: UnlockStep | undefined
  do {
    at = yield* next(at?.upto ?? 0)
    opened += at.opened
  } while (!at.isEnd)
  return opened
})

/** The key that a commit lacks, by which it is found again; `undefined` for one that can be read, or never will be. */
export const lackedKey = ({
  contents,
  packed
}: {
  readonly contents: string
  readonly packed: Commit.PackedCommit
}): KeyId | undefined => (contents === "locked" || contents === "newer" ? packed.header.seal?.key : undefined)
