/**
 * One batch of others' commits on its way into the rows: what it works on, and what is counted of it. What becomes of each commit is
 * `JournalReceiver`'s business.
 */
import { KnownEvents } from "./KnownEvents.ts"
import type { ConflictRef, RemoteOutcome } from "./Journal.ts"
import type { WriterContext } from "./JournalWriter.ts"
import { OpenedCommits } from "./OpenedCommits.ts"
import { OpenEntities } from "./OpenEntities.ts"
import type { QuarantineReason } from "./Quarantine.ts"

/** Counts of a batch while it is taken in. */
interface Tally {
  applied: number
  known: number
  held: number
  gaps: number
  locked: number
  /** By how many live records the journal grew. */
  grown: number
  /** Commits that were put into quarantine and had no part there. */
  kept: number
  /** An event of this very journal came that it does not know: it was restored from a copy, or a copy of it runs. */
  isCopied: boolean
  readonly refused: Map<string, number>
  readonly arrived: Map<QuarantineReason, number>
  readonly verdicts: Array<RemoteOutcome["verdicts"][number]>
  readonly forks: Array<RemoteOutcome["forks"][number]>
  readonly conflicts: Array<ConflictRef>
}

/** One batch on its way into the rows. */
export interface Intake {
  readonly context: WriterContext
  readonly entities: OpenEntities
  readonly commits: OpenedCommits
  readonly known: KnownEvents
  /** Commits in quarantine that were looked at because parts of them came, and the places of the events that came. */
  readonly cameBack: Map<string, Set<number>>
  readonly tally: Tally
  readonly nowMs: number
  readonly aheadMsMax: number
  /** Comparing clocks brought the commits, so a number already used may belong to another branch of a fork. */
  readonly isCompared: boolean
  /** Whoever brings them stands for them: what was taken back and comes again is not taken back anew. */
  readonly isVouched: boolean
}

/** How a batch comes. */
type Bringing = Pick<Intake, "nowMs" | "aheadMsMax" | "isCompared" | "isVouched">

export const intake = (context: WriterContext, bringing: Bringing): Intake => {
  const { compression, crypto, keys, tables } = context
  const commits = new OpenedCommits({ rows: tables, crypto, compression, keys, addLocked: tables.addLocked })
  return {
    context,
    entities: new OpenEntities(tables, crypto),
    commits,
    known: new KnownEvents(commits),
    cameBack: new Map(),
    tally: {
      applied: 0,
      known: 0,
      held: 0,
      gaps: 0,
      locked: 0,
      grown: 0,
      kept: 0,
      isCopied: false,
      refused: new Map(),
      arrived: new Map(),
      verdicts: [],
      forks: [],
      conflicts: []
    },
    ...bringing
  }
}
