/**
 * Decides about every WebSocket message before Engine.IO and Socket.IO see it, on both ends. It knows the order of a
 * connection (Engine.IO's opening, one connect packet each way, then frames and heartbeats) and nothing about sockets.
 * Engine.IO's client throws out of the socket's callback on an odd opening, which would end the process; that and
 * every other surprise is a `Refusal` here.
 */
import { Limits, Link } from "@syncline/core"
import { Option, Schema } from "effect"
import type { Refusal } from "./Refusal.ts"
import { decode, packetOverheadBytes, PacketRefused, packetType } from "./SocketIoParser.ts"

/** `new`: nothing yet. `open`: Engine.IO's opening was seen. `connected`: so was the connect packet. */
export type Stage = "new" | "open" | "connected"

export type Outcome = { readonly stage: Stage } | { readonly refusal: Refusal }

/** The largest message that either end accepts: a full frame in its packet. */
export const messageBytesMax = Limits.frameBytesMax + packetOverheadBytes
/**
 * Heartbeats and WebSocket pings are answered without asking whether the other end reads. With so many bytes unsent,
 * twice what frames may come to, the next one ends the connection.
 */
export const answerBytesMax = 2 * Link.linkBufferBytesMax
/** The largest opening text in bytes; a longer one is refused unread. */
export const openingBytesMax = 512
/** Heartbeat times beyond this, in milliseconds, are refused, as they would hide a dead server. */
export const heartbeatMsMax = 10 * 60_000

const heartbeat = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: heartbeatMsMax }))
const Opening = Schema.fromJsonString(
  Schema.Struct({
    sid: Schema.String.check(Schema.isPattern(/^[\w-]{16,64}$/)),
    upgrades: Schema.Tuple([]),
    pingInterval: heartbeat,
    pingTimeout: heartbeat,
    maxPayload: Schema.Int
  })
)
const decodeOpening = Schema.decodeUnknownOption(Opening)

const stages = { new: { stage: "new" }, open: { stage: "open" }, connected: { stage: "connected" } } as const
const text = { opening: "0", ping: "2", pong: "3" } as const

/** A message that a listener got. The only text that a client sends is the answer to a heartbeat. */
export const fromClient = (stage: Stage, message: Uint8Array, isBinary: boolean): Outcome => {
  if (isBinary) return packet(stage, message)
  return message.length === 1 && message[0] === text.pong.charCodeAt(0) ? stages[stage] : { refusal: "text-message" }
}

/** A message that a dialler got. The only texts that a server sends are its opening, once, and heartbeats. */
export const fromServer = (stage: Stage, message: unknown): Outcome => {
  if (message instanceof Uint8Array) return packet(stage, message)
  if (typeof message !== "string") return { refusal: "malformed" }
  if (stage !== "new") return message === text.ping ? stages[stage] : { refusal: "text-message" }
  if (message.length > openingBytesMax || !message.startsWith(text.opening)) return { refusal: "text-message" }
  return Option.isSome(decodeOpening(message.slice(1))) ? stages.open : { refusal: "malformed" }
}

const packet = (stage: Stage, message: Uint8Array): Outcome => {
  const read = decode(message)
  if (read instanceof PacketRefused) return { refusal: read.refusal }
  const expected: Stage = read.type === packetType.connect ? "open" : "connected"
  return stage === expected ? stages.connected : { refusal: "packet-order" }
}
