/**
 * The door to pairing on Node, apart from the package's other one, so that a hub's start need not wait for curves and lists
 * of words. Only re-exports.
 */
export {
  createOrchestratorWithPairing,
  type Meeting,
  type OrchestratorWithPairing,
  type OrchestratorWithPairingOptions
} from "./createOrchestratorWithPairing.ts"
export type { PairingControl, PairingRequest, SyncCode, SyncCodeVerdict, VerifyOptions } from "./PairingControl.ts"
export * as PairingControlError from "./PairingControlError.ts"
export * as PairingFile from "./PairingFile.ts"
