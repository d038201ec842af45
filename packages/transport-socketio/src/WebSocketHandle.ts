/**
 * The part of a `ws` WebSocket that this package uses below Socket.IO: pausing, unsent bytes and cutting off. Both
 * ends of Engine.IO hold such an object and type it loosely; this is the one place that says what it is.
 */
import type { IncomingMessage } from "node:http"

export interface WebSocketHandle {
  /** Bytes handed over that the operating system has not taken yet. */
  readonly bufferedAmount: number
  readonly isPaused: boolean
  readonly pause: () => void
  readonly resume: () => void
  /** Ends the connection at once, without a closing handshake. */
  readonly terminate: () => void
  readonly on: Listen
  readonly prependListener: Listen
}

interface Listen {
  (event: "message", listener: (message: Uint8Array, isBinary: boolean) => void): unknown
  (event: "ping", listener: () => void): unknown
  (event: "error", listener: (error: { readonly code?: string }) => void): unknown
  /** The server's answer, on the dialling side. */
  (event: "upgrade", listener: (response: IncomingMessage) => void): unknown
}

/** The WebSocket of an accepted request; Engine.IO keeps it there. */
export const ofRequest = (request: IncomingMessage): WebSocketHandle => {
  if (!("websocket" in request)) throw new TypeError("engine.io no longer keeps the WebSocket on its request")
  return request.websocket as WebSocketHandle
}

/** The code of ws for a message above `maxPayload`. */
export const oversizeCode = "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"
