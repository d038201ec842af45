/**
 * A simulated cluster while it runs, and the ledger of what its nodes were told is durable. Faults, workload and checks
 * act on it; it does nothing itself.
 */
import type { FaultPlan } from "./FaultPlan.ts"
import type { SeededRandom } from "./SeededRandom.ts"
import type { SimulatedNetwork } from "./SimulatedNetwork.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"

export interface Ledger {
  /** Additions to each note's counter that were confirmed, and those that were tried. */
  readonly confirmed: Map<string, number>
  readonly tried: Map<string, number>
  writes: number
}

export const emptyLedger = (): Ledger => ({ confirmed: new Map(), tried: new Map(), writes: 0 })

/** The cluster while it runs; faults and workload act on it. */
export interface Cluster {
  readonly plan: FaultPlan
  readonly random: SeededRandom
  readonly network: SimulatedNetwork
  readonly nodes: ReadonlyArray<SimulatedNode>
  /** A node that nobody trusts and that tries all the same. */
  readonly stranger: SimulatedNode
  readonly ledger: Ledger
  readonly note: (what: string) => void
  crashes: number
  isFaulty: boolean
}
