/**
 * Which faults a simulation may meet and how often: a readable catalogue. All times are simulated milliseconds.
 */
export interface FaultPlan {
  /** Nodes that share the space; the first is the hub. */
  readonly nodes: number
  /** How long faults and writes go on. */
  readonly faultMs: number
  /** How long the cluster may take to agree once faults have ended. */
  readonly quietMsMax: number
  /** Probability that a frame is lost, sent twice, or overtaken by later ones. */
  readonly frameLoss: number
  readonly frameDouble: number
  readonly frameReorder: number
  /** Delay of a frame. */
  readonly delayMsMin: number
  readonly delayMsMax: number
  /** Mean time between two crashes of any node, and how long a crashed node stays down. */
  readonly crashEveryMs: number
  readonly downMsMax: number
  /** Mean time between two partitions, and how long one lasts. */
  readonly partitionEveryMs: number
  readonly partitionMsMax: number
  /** Every second node's clock is wrong by up to this much, in either direction. */
  readonly skewMsMax: number
  /** Mean time between two writes of one node. */
  readonly writeEveryMs: number
  /** How many entities the writes are spread over. */
  readonly entities: number
}

/** The plan of the project's own suite. */
export const defaultPlan: FaultPlan = {
  nodes: 5,
  faultMs: 45_000,
  quietMsMax: 30 * 60_000,
  frameLoss: 0.05,
  frameDouble: 0.05,
  frameReorder: 0.05,
  delayMsMin: 5,
  delayMsMax: 200,
  crashEveryMs: 11_000,
  downMsMax: 10_000,
  partitionEveryMs: 9_000,
  partitionMsMax: 10_000,
  skewMsMax: 10 * 60_000,
  writeEveryMs: 3_000,
  entities: 12
}
