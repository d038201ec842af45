/**
 * The door to pairing, apart from the engine's, whose start should not wait for curves and lists of words. Only re-exports.
 */
export * as LinkMeeting from "./LinkMeeting.ts"
export * as MeetingError from "./MeetingError.ts"
export * as MemoryMeeting from "./MemoryMeeting.ts"
export * as PairingCode from "./PairingCode.ts"
export * as PairingDesk from "./PairingDesk.ts"
export * as PairingError from "./PairingError.ts"
export * as PairingGrant from "./PairingGrant.ts"
export type * as PairingInvitation from "./PairingInvitation.ts"
export { joinWith, type JoinOptions } from "./PairingJoin.ts"
export * as PairingMeeting from "./PairingMeeting.ts"
export * as PairingMessage from "./PairingMessage.ts"
export * as PairingRendezvous from "./PairingRendezvous.ts"
export * as PairingSession from "./PairingSession.ts"
export * as RecoveryWords from "./RecoveryWords.ts"
export * as PairingStore from "./PairingStore.ts"
export * as PairingWindow from "./PairingWindow.ts"
