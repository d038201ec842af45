/**
 * The packet format between two Syncline nodes, in the place where Socket.IO has its JSON: one binary message per
 * packet, a type byte and then the payload. An event carries exactly one frame; a connect carries nothing, so there
 * is one namespace and no auth object. Acknowledgements, further namespaces and Socket.IO's disconnect packet do not
 * exist here: whoever wants to end a connection closes it.
 */
import { EventEmitter } from "node:events"
import type { Refusal } from "./Refusal.ts"

/** Socket.IO's own numbers for the two packets in use. */
export const packetType = { connect: 0, event: 2 } as const

/** Bytes that a packet adds to its frame. */
export const packetOverheadBytes = 1

/** The name of the one event. It never travels. */
export const frameEvent = "f"

const namespace = "/"

/** Either end asks for this much of a packet; Socket.IO's clients ask for a session id that this protocol lacks. */
export interface Packet {
  readonly type: number
  readonly nsp: string
  readonly data?: unknown
}

/** A message that is no packet of this protocol. */
export class PacketRefused extends Error {
  override readonly name = "PacketRefused"
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(`not a packet: ${refusal}`)
    this.refusal = refusal
  }
}

/** Reads one message, without looking into the frame. */
export const decode = (message: unknown): Packet | PacketRefused => {
  if (!(message instanceof Uint8Array)) return new PacketRefused("text-message")
  if (message.length === 0) return new PacketRefused("empty-message")
  switch (message[0]) {
    case packetType.connect:
      if (message.length > packetOverheadBytes) return new PacketRefused("namespace")
      return { type: packetType.connect, nsp: namespace, data: { sid: namespace } }
    case packetType.event:
      return { type: packetType.event, nsp: namespace, data: [frameEvent, message.subarray(packetOverheadBytes)] }
    default:
      return new PacketRefused("packet-type")
  }
}

/** Writes one packet. Only this package emits, so anything else than a connect or a frame is a broken invariant. */
export const encode = (packet: Packet): Uint8Array => {
  if (packet.nsp !== namespace) throw new TypeError(`no namespace ${packet.nsp}`)
  if (packet.type === packetType.connect) return Buffer.of(packetType.connect)
  const frame = Array.isArray(packet.data) ? packet.data[1] : undefined
  if (packet.type !== packetType.event || !(frame instanceof Uint8Array)) {
    throw new TypeError(`no packet of type ${packet.type}`)
  }
  const message = Buffer.allocUnsafe(packetOverheadBytes + frame.length)
  message[0] = packetType.event
  message.set(frame, packetOverheadBytes)
  return message
}

/** Socket.IO's `Encoder`: one per server or client. */
export class Encoder {
  encode(packet: Packet): Array<Uint8Array> {
    return [encode(packet)]
  }
}

/**
 * Socket.IO's `Decoder`: one per connection. Both ends of Socket.IO catch what `add` throws and close the connection;
 * they never see it, because `MessageInspection` refuses such a message before it gets here.
 */
export class Decoder extends EventEmitter {
  add(message: unknown): void {
    const packet = decode(message)
    if (packet instanceof PacketRefused) throw packet
    this.emit("decoded", packet)
  }

  /** Socket.IO calls this at the end of a connection; nothing is held between packets. */
  destroy(): void {}
}
