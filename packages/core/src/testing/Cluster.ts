/**
 * A simulated cluster while it runs, and the ledger of what its nodes were told is durable. Faults, workload and checks
 * act on it; it does nothing itself.
 */
import type { Scope } from "effect"
import type { FaultCounts } from "./FaultCounts.ts"
import type { FaultPlan } from "./FaultPlan.ts"
import type { MemoryTables } from "../journal/MemoryTables.ts"
import type { LeakWatch, Revoked } from "./LeakWatch.ts"
import type { SeededRandom } from "./SeededRandom.ts"
import type { SimulatedNetwork } from "./SimulatedNetwork.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import type { SimulatedTime } from "./SimulatedTime.ts"
import type { SimulatedTrust } from "./SimulatedTrust.ts"

export interface Ledger {
  /** Additions to each note's counter that were confirmed, and those that were tried. */
  readonly confirmed: Map<string, number>
  readonly tried: Map<string, number>
  /** Pairs of records that one transaction made, and whether it was confirmed. */
  readonly pairs: Map<string, boolean>
  writes: number
}

export const emptyLedger = (): Ledger => ({ confirmed: new Map(), tried: new Map(), pairs: new Map(), writes: 0 })

/** Something that must not be. */
export interface Problem {
  readonly rule:
    | "down"
    | "state"
    | "fingerprint"
    | "held"
    | "lost"
    | "invented"
    | "torn"
    | "leak"
    | "pending"
    | "refused"
    | "defect"
  readonly detail: string
}

/** The cluster while it runs; faults and workload act on it. */
export interface Cluster {
  readonly plan: FaultPlan
  readonly random: SeededRandom
  readonly time: SimulatedTime
  /** Ends with the run; what a fault still has to undo lives here. */
  readonly scope: Scope.Scope
  readonly network: SimulatedNetwork
  readonly trust: SimulatedTrust
  /** A copy of a node comes at the end, and stays. The place of a node is its host number. */
  readonly nodes: Array<SimulatedNode>
  /** A node that nobody trusts and that tries all the same. */
  readonly stranger: SimulatedNode
  readonly ledger: Ledger
  readonly faults: FaultCounts
  readonly leaks: LeakWatch
  /** What went wrong on the way. */
  readonly violations: Array<Problem>
  /** Nodes that are not trusted now. */
  readonly revoked: Map<SimulatedNode, Revoked>
  /** A node on a new host that goes on from the rows of another, with its key. */
  readonly copyOf: (node: SimulatedNode, tables: MemoryTables) => SimulatedNode
  readonly note: (what: string) => void
  /** Frames sent so far. */
  readonly frames: number
  isFaulty: boolean
}
