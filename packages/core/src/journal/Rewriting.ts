/**
 * Writing own commits again that a wrong clock had stamped: the same operations with the present time, under the author
 * that this device writes as now. Nothing of what they say is lost, and nothing counts twice: each event names the one
 * that it is in the place of, for somebody may have taken that in.
 */
import * as Author from "../identity/Author.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as Undo from "../merge/Undo.ts"
import * as Commit from "../model/Commit.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import * as Limits from "../model/Limits.ts"
import * as Partition from "../model/Partition.ts"
import type { EntityInvalid, SpaceLocked } from "../model/WriteError.ts"
import * as CommitOpening from "./CommitOpening.ts"
import * as CommitReading from "./CommitReading.ts"
import * as EntityHistory from "./EntityHistory.ts"
import type { WriteOutcome } from "./Journal.ts"
import type { JournalTables } from "./JournalTables.ts"
import * as JournalWriter from "./JournalWriter.ts"
import type { OpenedCommit } from "./OpenedCommits.ts"
import { mergedRefs } from "./OpenEntities.ts"

/** Latest commits among which the newest sound stamp is looked for. */
const commitsSearchedMax = 10_000

/** The present, or the newest stamp that came in lately and is not far ahead: what is written now stands above it. */
const newestSound = (tables: JournalTables, nowMs: number): HybridTime.HybridTime => {
  let newest = HybridTime.make(Math.floor(nowMs), 0)
  const head = tables.head()
  for (let lseq = head; lseq > Math.max(0, head - commitsSearchedMax); lseq--) {
    const { bytes, events } = tables.commitAt(lseq)!
    const packed = events === 0 ? "" : Commit.open(bytes)
    if (typeof packed === "string") continue
    const last = HybridTime.add(packed.header.at, packed.header.count - 1)
    if (last > newest && HybridTime.millis(last) <= nowMs + Limits.clockAheadMsMax) newest = last
  }
  return newest
}

/** A commit that was taken out of the journal, or waits beside it. */
export type Rewritable = Pick<OpenedCommit, "contents" | "decoded" | "events" | "packed">

/** A commit that cannot be written again, and why. */
export interface Unwritten<C extends Rewritable> {
  readonly commit: C
  readonly because: string
}

/** A commit that was written again, and the ids of the commits that say it now. */
export interface Again<C extends Rewritable> {
  readonly commit: C
  readonly commits: ReadonlyArray<string>
}

export interface Rewritten<C extends Rewritable> extends Pick<WriteOutcome, "commits" | "entities"> {
  readonly again: ReadonlyArray<Again<C>>
  readonly unwritten: ReadonlyArray<Unwritten<C>>
}

/**
 * Writes the commits again in their order; they were taken out of the journal before. One that cannot be is left as a
 * whole, as are later ones of its entities, which rest on it.
 */
export const rewrite = <C extends Rewritable>(
  context: JournalWriter.WriterContext,
  commits: ReadonlyArray<C>,
  nowMs: number
): Rewritten<C> => {
  if (commits.length === 0) return { commits: [], entities: [], again: [], unwritten: [] }
  const { tables } = context
  // The stamps that the wrong clock gave would drag every later one along.
  if (HybridTime.millis(tables.lastTime()) > nowMs + Limits.clockAheadMsMax) {
    tables.setLastTime(newestSound(tables, nowMs))
  }
  const again: Array<Again<C>> = []
  const touched: Array<WriteOutcome["entities"][number]> = []
  // Each by itself and in its transaction, so that what was written apart can still be undone apart.
  const unwritten: Array<Unwritten<C>> = []
  /** Groups of undos of commits that were written again, and what they are now. */
  const undoing = new Map<string, string>()
  const stuck = new Set<string>()
  for (const commit of commits) {
    const partition = Partition.key(commit.packed.header.partition)
    const names = commit.decoded.map(({ entity }) => `${partition}\n${entity}`)
    const changes = changesOf(commit)
    const problem = names.some((name) => stuck.has(name))
      ? "it builds on a commit that cannot be written again"
      : CommitReading.isLacking(commit.contents)
        ? "its contents are sealed, and their key is not here"
        : problemOf(JournalWriter.whyNot(context, changes, nowMs))
    if (problem !== undefined) {
      unwritten.push({ commit, because: problem })
      for (const name of names) stuck.add(name)
      continue
    }
    const { group } = commit.packed.header
    const outcome = JournalWriter.write(context, changes, nowMs, undoing.get(group ?? "") ?? group)
    // What is known as the undo of a commit is that of its later form.
    const [first] = outcome.commits
    const undoOf = (id: string): string => Undo.groupOf(context.crypto.sha256, { commit: id })
    if (first !== undefined) undoing.set(undoOf(Commit.id(context.crypto, commit.packed)), undoOf(first))
    again.push({ commit, commits: outcome.commits })
    touched.push(...outcome.entities)
  }
  return { commits: again.flatMap(({ commits: ids }) => ids), entities: mergedRefs([], touched), again, unwritten }
}

/** A larger one may come of a removal that now withdraws the additions of more devices. */
const problemOf = (invalid: EntityInvalid | SpaceLocked | undefined): string | undefined => {
  if (invalid?._tag !== "EntityInvalid") return invalid?.message
  return `${invalid.type} ${JSON.stringify(invalid.id)} ${invalid.problem}`
}

const changesOf = (commit: Rewritable): ReadonlyArray<EntityChange> => {
  const { authors, partition } = commit.packed.header
  return commit.decoded.map(({ entity, eseq, ops }, place): EntityChange => {
    const before = (ops.w ?? []).map(([index, number, hash]) => [authors[index]!, number, hash] as const)
    const { hash } = EntityHistory.originOf(commit, place)
    const replaces = [...before, [authors[0]!, eseq, hash] as const].slice(-Limits.replacedPerEventMax)
    return { partition, id: entity, change: { kind: "rewrite", ops, replaces } }
  })
}

/** Commits of the quarantine that are looked at in one read. */
const pageMax = 256

/**
 * Writes own commits again that wait since they could not be when their time was found to be wrong, as when the key of the
 * space was not here. What cannot be still waits on.
 */
export const rewriteWaiting = (
  context: JournalWriter.WriterContext,
  nowMs: number
): { readonly commits: number; readonly entities: WriteOutcome["entities"] } => {
  const { signer, tables } = context
  const waiting: Array<CommitOpening.CheckedCommit> = []
  for (let after = 0; ;) {
    const page = tables.quarantine(after, pageMax, "ClockAhead")
    for (const { author, dueMs, id, place } of page) {
      after = place
      // Nothing else looks at what is never due: its time may have come near while it waited for the key.
      if (dueMs !== null || Author.peer(author as Author.Author) !== signer.peer) continue
      const opening = CommitOpening.open(context, tables.quarantineRow(id)!.bytes)
      if (opening.kind === "checked") waiting.push(opening.commit)
    }
    if (page.length < pageMax) break
  }
  const { again, entities } = rewrite(context, waiting, nowMs)
  for (const { commit, commits } of again) {
    tables.removeQuarantine(commit.id)
    for (const said of tables.receiptsOf(commit.id))
      tables.putReceipt({ ...said, because: becauseAgain(commits), atMs: nowMs })
  }
  return { commits: again.length, entities }
}

/** What a receipt says of a commit that was written again. */
export const becauseAgain = (commits: ReadonlyArray<string>): string =>
  `its time was wrong, and nothing of it is lost: it was written again as ${commits.join(", ")}`
