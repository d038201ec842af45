/**
 * Which faults a simulation may meet and how often: a readable catalogue. All times are simulated milliseconds; an
 * `every` is the mean time between two of a kind in the whole cluster, `Infinity` never.
 */
import { wholeBytesMin } from "../journal/JournalReads.ts"
import type { SeededRandom } from "./SeededRandom.ts"

export interface FaultPlan {
  /** Nodes that share the space; the first is the hub. */
  readonly nodes: number
  /** How long faults and writes go on. */
  readonly faultMs: number
  /** How long something may be pending once faults have ended. */
  readonly pendingMsMax: number
  /** How long the cluster may take to agree once faults have ended, when commits wait for a clock. */
  readonly quietMsMax: number
  /** Probability that a frame is lost, sent twice, or overtaken by later ones. */
  readonly frameLoss: number
  readonly frameDouble: number
  readonly frameReorder: number
  /** Delay of a frame. */
  readonly delayMsMin: number
  readonly delayMsMax: number
  /** Frames that may lie at a host untaken before their sender has to wait. */
  readonly bufferFramesMax: number
  /** Two hosts are cut off from each other. */
  readonly partitionEveryMs: number
  readonly partitionMsMax: number
  /** One direction of a link goes silent: for a while, or for ever. */
  readonly halfOpenEveryMs: number
  readonly halfOpenMsMax: number
  /** A link loses everything behind an acknowledgement and ends soon after. */
  readonly severedEveryMs: number
  readonly severedMsMax: number
  /** Ways between hosts are clogged one after another, and freed in another order. */
  readonly clogEveryMs: number
  readonly clogMsMax: number
  /** A host reads nothing. */
  readonly deafEveryMs: number
  readonly deafMsMax: number
  /** A process dies: at any moment, in the middle of a transaction, or before it confirms one. */
  readonly crashEveryMs: number
  readonly tornWriteEveryMs: number
  readonly unconfirmedWriteEveryMs: number
  /** How long a dead process stays down. */
  readonly downMsMax: number
  readonly diskFullEveryMs: number
  readonly diskFullMsMax: number
  /** A node is not trusted by the others. */
  readonly revocationEveryMs: number
  readonly revocationMsMax: number
  /** A node does not get some of its writes past the others' policy. */
  readonly denialEveryMs: number
  readonly denialMsMax: number
  /** A node's rows are replaced by an older copy of them. */
  readonly restoreEveryMs: number
  /** How old such a copy may be. */
  readonly backupMsMax: number
  /** A node's rows are copied, and the copy runs beside it to the end; at most `copiesMax` times. */
  readonly copyEveryMs: number
  readonly copiesMax: number
  /** A clock is off by about a year, in either direction. */
  readonly clockJumpEveryMs: number
  readonly clockJumpMsMax: number
  /** How long a node that nobody trusts tries to get in. */
  readonly strangerMs: number
  /** Every second node's clock is wrong by up to this much, in either direction. */
  readonly skewMsMax: number
  /** Stamps further ahead than this wait in quarantine. */
  readonly aheadMsMax: number
  /** Mean time between two writes of one node. */
  readonly writeEveryMs: number
  /** How many entities the writes are spread over. */
  readonly entities: number
  /** Commits of fewer bytes are compared in exact parts. Below production's bound some writes change many records. */
  readonly wholeBytesMin: number
  /** The space is sealed, and so many of ten nodes get the key only when the faults end; `undefined`: it is not sealed. */
  readonly lateKeys: number | undefined
}

/** Every fault at the rates of the project's own suite. */
export const defaultPlan: FaultPlan = {
  nodes: 5,
  faultMs: 12_000,
  pendingMsMax: 10_000,
  quietMsMax: 30 * 60_000,
  frameLoss: 0.03,
  frameDouble: 0.05,
  frameReorder: 0.05,
  delayMsMin: 5,
  delayMsMax: 200,
  bufferFramesMax: 4,
  partitionEveryMs: 6_000,
  partitionMsMax: 6_000,
  halfOpenEveryMs: 5_000,
  halfOpenMsMax: 4_000,
  severedEveryMs: 5_000,
  severedMsMax: 1_000,
  clogEveryMs: 8_000,
  clogMsMax: 3_000,
  deafEveryMs: 8_000,
  deafMsMax: 6_000,
  crashEveryMs: 9_000,
  tornWriteEveryMs: 9_000,
  unconfirmedWriteEveryMs: 12_000,
  downMsMax: 5_000,
  diskFullEveryMs: 10_000,
  diskFullMsMax: 5_000,
  revocationEveryMs: 12_000,
  revocationMsMax: 6_000,
  denialEveryMs: 10_000,
  denialMsMax: 6_000,
  restoreEveryMs: 10_000,
  backupMsMax: 6_000,
  copyEveryMs: 24_000,
  copiesMax: 1,
  clockJumpEveryMs: 16_000,
  clockJumpMsMax: 5_000,
  strangerMs: 4_000,
  skewMsMax: 25_000,
  aheadMsMax: 15_000,
  writeEveryMs: 1_600,
  entities: 12,
  wholeBytesMin,
  lateKeys: undefined
}

/** In some seeds commits are sent whole although they are as small as a simulation's are. */
export const wholeBytesMinOf = (random: SeededRandom): number =>
  random.chance(0.3) ? random.pick([0, 256, 1024]) : wholeBytesMin

/** In about every third seed the space is sealed. */
export const lateKeysOf = (random: SeededRandom): number | undefined =>
  random.chance(0.3) ? random.pick([0, 3, 6]) : undefined

/** Clocks that are off by minutes, and the bound that production holds them to. */
export const clocksOfProduction = { skewMsMax: 10 * 60_000, aheadMsMax: 5 * 60_000 } as const

/**
 * The plan of one seed: more or fewer nodes and writes, and each kind of fault is at its rate, or frequent, or absent,
 * for faults that come together hide each other. Source: A. Groce et al., "Swarm Testing", ISSTA 2012.
 */
export const vary = (random: SeededRandom): FaultPlan => {
  const rate = (usual: number): number => random.pick([0, usual / 5, usual, 2 * usual])
  const every = (usual: number): number => random.pick([usual / 2, usual, 2 * usual, Infinity])
  const plan = defaultPlan
  return {
    ...plan,
    nodes: random.pick([3, 4, 5, 5]),
    writeEveryMs: plan.writeEveryMs * random.pick([1, 1.5, 2.5]),
    frameLoss: rate(plan.frameLoss),
    frameDouble: rate(plan.frameDouble),
    frameReorder: rate(plan.frameReorder),
    partitionEveryMs: every(plan.partitionEveryMs),
    halfOpenEveryMs: every(plan.halfOpenEveryMs),
    severedEveryMs: every(plan.severedEveryMs),
    clogEveryMs: every(plan.clogEveryMs),
    deafEveryMs: every(plan.deafEveryMs),
    crashEveryMs: every(plan.crashEveryMs),
    tornWriteEveryMs: every(plan.tornWriteEveryMs),
    unconfirmedWriteEveryMs: every(plan.unconfirmedWriteEveryMs),
    diskFullEveryMs: every(plan.diskFullEveryMs),
    revocationEveryMs: every(plan.revocationEveryMs),
    denialEveryMs: every(plan.denialEveryMs),
    restoreEveryMs: every(plan.restoreEveryMs),
    copyEveryMs: every(plan.copyEveryMs),
    clockJumpEveryMs: every(plan.clockJumpEveryMs),
    skewMsMax: random.chance(0.25) ? 0 : plan.skewMsMax,
    // Few, for they take as long as twenty others.
    ...(random.chance(0.004) ? clocksOfProduction : {})
  }
}
