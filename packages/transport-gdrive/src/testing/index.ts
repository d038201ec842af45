/**
 * The testing door: Google Drive as a server on this machine, with faults. Only re-exports.
 */
export * as DriveFake from "./DriveFake.ts"
