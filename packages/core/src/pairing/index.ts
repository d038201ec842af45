/**
 * The door to pairing, apart from the engine's, whose start should not wait for curves and lists of words. Only re-exports.
 */
export * as PairingCode from "./PairingCode.ts"
export * as PairingError from "./PairingError.ts"
export * as PairingMessage from "./PairingMessage.ts"
export * as PairingSession from "./PairingSession.ts"
