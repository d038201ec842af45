/**
 * The testing door: conformance suites for whoever implements a contract, and the simulated cluster. Only re-exports.
 */
export * as ConvergenceCheck from "./ConvergenceCheck.ts"
export * as FaultPlan from "./FaultPlan.ts"
export * as JournalConformance from "./JournalConformance.ts"
export * as FaultCounts from "./FaultCounts.ts"
export * as SimulatedNetwork from "./SimulatedNetwork.ts"
export * as SimulatedNode from "./SimulatedNode.ts"
export * as SimulatedTime from "./SimulatedTime.ts"
export * as SeededRandom from "./SeededRandom.ts"
export * as SimulatedCluster from "./SimulatedCluster.ts"
export * as SimulatedCrypto from "./SimulatedCrypto.ts"
export * as SealedConformance from "./SealedConformance.ts"
export * as GateConformance from "./GateConformance.ts"
export * as FlakyMailbox from "./FlakyMailbox.ts"
export * as MailboxConformance from "./MailboxConformance.ts"
export * as MeetingConformance from "./MeetingConformance.ts"
export * as TransportConformance from "./TransportConformance.ts"
