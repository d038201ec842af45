/**
 * Reading what came before its key did: commits that a journal keeps without being able to read their contents are opened
 * once the key is there, and their records become what they would be had it been there from the start. Clocks and
 * fingerprints say nothing of contents, so nobody else notices.
 */
import { Effect } from "effect"
import * as Commit from "../model/Commit.ts"
import * as CommitReading from "./CommitReading.ts"
import * as EntityHistory from "./EntityHistory.ts"
import type { EntityRef } from "./Journal.ts"
import type { WriterContext } from "./JournalWriter.ts"
import { type OpenedCommit, OpenedCommits } from "./OpenedCommits.ts"
import * as Rewriting from "./Rewriting.ts"
import { mergedRefs, OpenEntities } from "./OpenEntities.ts"

/** Commits that a step begins with; those that its records rest on as well come to them, up to the second bound. */
const commitsPerStepMax = 64
const commitsAlongMax = 2_048

/** What one step did. */
export interface UnlockStep {
  readonly entities: ReadonlyArray<EntityRef>
  /** Commits that can be read now. */
  readonly opened: number
  /** Own commits that left the quarantine, since they were written again. */
  readonly rewritten: number
  /** Arrival number to go on behind. */
  readonly upto: number
  readonly isEnd: boolean
}

interface Work {
  readonly context: WriterContext
  readonly commits: OpenedCommits
  readonly entities: OpenEntities
  /** Commits to be opened, in order; those that are done stay. */
  readonly queue: Set<number>
}

/**
 * Opens the next commits behind an arrival number whose key is here by now; behind the last of them what could not be written
 * again without it is.
 */
export const step = (context: WriterContext, after: number, nowMs: number): UnlockStep => {
  const { keys, tables } = context
  const held = tables.lockedKeys().filter((key) => keys.find(key) !== undefined)
  const page = held.length === 0 ? [] : tables.lockedAfter(held, after, commitsPerStepMax)
  const work: Work = {
    context,
    commits: new OpenedCommits({ rows: tables, ...context }),
    entities: new OpenEntities(tables, context.crypto),
    queue: new Set(page)
  }
  let opened = 0
  // A set gives what is added while it is walked.
  for (const lseq of work.queue) {
    const commit = work.commits.find(lseq)
    // What a later version wrote waits on.
    if (commit !== undefined && CommitReading.isLacking(commit.contents)) continue
    tables.removeLocked(lseq)
    // It may have been taken out since.
    if (commit?.contents !== "opened") continue
    opened++
    openCommit(work, commit)
  }
  const entities = work.entities.finish()
  const isEnd = page.length < commitsPerStepMax
  const again = isEnd ? Rewriting.rewriteWaiting(context, nowMs) : { commits: 0, entities: [] }
  const touched = mergedRefs(entities, again.entities)
  return { entities: touched, opened, rewritten: again.commits, upto: page.at(-1) ?? after, isEnd }
}

/** Folds its records anew, each once in a step. What else of them was locked is read by that, too, and need not be again. */
const openCommit = ({ commits, context: { tables }, entities, queue }: Work, { decoded, row }: OpenedCommit): void => {
  const partition = tables.partitionAt(row.partition)
  decoded.forEach(({ entity: id }, index) => {
    if (row.previous[index]! < 0) return
    const entity = entities.open(partition, id)
    if (entity.unfolded !== undefined) return
    const events = [...EntityHistory.ofEntity(commits, id, entity.lseq)]
    entity.unfolded = { events, numbers: new Map() }
    entities.changed(entity, entity.lseq)
    for (const { commit, lseq } of events) {
      const isAlong = queue.size < commitsAlongMax && commit.contents === "opened" && tables.isLocked(lseq)
      if (isAlong) queue.add(lseq)
    }
  })
}

/** Own commits that are looked at when a journal opens. */
const newestMax = 16

/**
 * Notes newest own commits whose key is not here, when a journal opens, so that the status counts them: what was opened once is
 * noted nowhere else.
 */
export const noteNewest = ({ keys, tables }: Pick<WriterContext, "keys" | "tables">): void => {
  for (const { bytes, events, lseq } of tables.ownCommitsBefore(tables.head() + 1, newestMax)) {
    const packed = events === 0 ? "" : Commit.open(bytes)
    const key = typeof packed === "string" ? undefined : packed.header.seal?.key
    if (key !== undefined && keys.find(key) === undefined) tables.addLocked(lseq, key)
  }
}

/** Steps to the end; gives the numbers of commits that were opened, and that were written again. */
export const whole = Effect.fnUntraced(function* <E>(next: (after: number) => Effect.Effect<UnlockStep, E>) {
  let [opened, rewritten] = [0, 0]
  let at: UnlockStep | undefined
  do {
    at = yield* next(at?.upto ?? 0)
    opened += at.opened
    rewritten += at.rewritten
  } while (!at.isEnd)
  return { opened, rewritten }
})
