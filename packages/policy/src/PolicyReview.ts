/**
 * What a change of charter or policy would mean on real data, before it is made: which devices would gain and lose which
 * records, by count, with samples and the rules behind them. It decides nothing new; it asks both states the same.
 */
import type { CharterState, Decision, Partition, PeerId } from "@syncline/core"
import { EnterpriseDecisions } from "./EnterpriseDecisions.ts"
import { type Action, actions } from "./PolicyDocument.ts"

/** Samples that are shown of what one device gains or loses. */
export const samplesMax = 10

/** A partition and how many live records it has. */
export interface PartitionSize {
  readonly partition: Partition.Partition
  readonly records: number
}

/** A partition of which an answer turns. */
export interface Turned extends PartitionSize {
  readonly before: Decision.Decision
  readonly after: Decision.Decision
}

/** What turns for one device and action in one direction. */
export interface Impact {
  readonly peer: PeerId.PeerId
  readonly action: Action
  readonly direction: "gains" | "loses"
  readonly partitions: number
  readonly records: number
  /** The largest, at most 10. */
  readonly samples: ReadonlyArray<Turned>
}

/** What one device could do with what is there. */
export interface Reach {
  readonly peer: PeerId.PeerId
  readonly action: Action
  readonly partitions: number
  readonly records: number
}

/** What every device could do in a state, action by action; an action with nothing to do it to has zeros. */
export const reach = (
  state: CharterState.CharterState,
  partitions: ReadonlyArray<PartitionSize>
): ReadonlyArray<Reach> => {
  const decisions = new EnterpriseDecisions(state)
  return [...state.devices.keys()].flatMap((peer) =>
    actions.map((action) => {
      const open = partitions.filter(({ partition }) => decisions.may(peer, action, partition).allowed)
      return { peer, action, partitions: open.length, records: open.reduce((sum, { records }) => sum + records, 0) }
    })
  )
}

/** Everything that turns between two states, for all devices of either; nothing when they mean the same. */
export const diff = (
  before: CharterState.CharterState,
  after: CharterState.CharterState,
  partitions: ReadonlyArray<PartitionSize>
): ReadonlyArray<Impact> => {
  const [old, fresh] = [new EnterpriseDecisions(before), new EnterpriseDecisions(after)]
  const impacts: Array<Impact> = []
  for (const peer of new Set([...before.devices.keys(), ...after.devices.keys()])) {
    for (const action of actions) {
      const turned = partitions.flatMap((size): ReadonlyArray<Turned> => {
        const [was, is] = [old.may(peer, action, size.partition), fresh.may(peer, action, size.partition)]
        return was.allowed === is.allowed ? [] : [{ ...size, before: was, after: is }]
      })
      for (const direction of ["gains", "loses"] as const) {
        const found = turned.filter(({ after: is }) => is.allowed === (direction === "gains"))
        if (found.length > 0) impacts.push(impactOf(peer, action, direction, found))
      }
    }
  }
  return impacts
}

const impactOf = (
  peer: PeerId.PeerId,
  action: Action,
  direction: Impact["direction"],
  turned: ReadonlyArray<Turned>
): Impact => ({
  peer,
  action,
  direction,
  partitions: turned.length,
  records: turned.reduce((sum, { records }) => sum + records, 0),
  samples: turned.toSorted((a, b) => b.records - a.records).slice(0, samplesMax)
})
