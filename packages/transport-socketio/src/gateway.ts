/**
 * The package's door for applications that serve other systems' Socket.IO clients beside Syncline's own. Only re-exports.
 */
export {
  type ClientHandler,
  type ForeignClient,
  type ForeignOptions,
  type ForeignServer,
  serveForeign
} from "./ForeignServer.ts"
