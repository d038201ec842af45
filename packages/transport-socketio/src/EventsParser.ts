/**
 * Socket.IO's text packets as far as a stream of events to its own client needs them, in the place where Socket.IO has its parser: the client
 * connects to one namespace, once, and says nothing else. Client events, acknowledgements and binary attachments do not exist here.
 */
import { EventEmitter } from "node:events"

const packetType = { connect: 0, disconnect: 1, event: 2 } as const

/** Either end asks for this much of a packet. */
interface Packet {
  readonly type: number
  readonly nsp: string
  readonly data?: unknown
}

/** A message that is no packet of such a client; Socket.IO closes its connection. */
class MessageRefused extends Error {
  override readonly name = "MessageRefused"
}

/** A packet as Socket.IO's clients read it: type, namespace, JSON. */
export const textOf = ({ data, nsp, type }: Packet): string =>
  `${type}${nsp},${data === undefined ? "" : JSON.stringify(data)}`

/** An event with one argument. */
export const eventText = (namespace: string, name: string, argument: unknown): string =>
  textOf({ type: packetType.event, nsp: namespace, data: [name, argument] })

/** Socket.IO's `Encoder`: for what it says by itself. */
export class Encoder {
  encode(packet: Packet): Array<string> {
    return [textOf(packet)]
  }
}

interface Reader extends NodeJS.EventEmitter {
  readonly add: (message: unknown) => void
  readonly destroy: () => void
}

/** Socket.IO's `Decoder` for one namespace: one per connection. Socket.IO catches what `add` throws and closes the connection. */
export const decoderFor = (namespace: string): new () => Reader =>
  class Decoder extends EventEmitter {
    private isConnected = false

    add(message: unknown): void {
      if (message === `${packetType.disconnect}${namespace},`) {
        return void this.emit("decoded", { type: packetType.disconnect, nsp: namespace } satisfies Packet)
      }
      // What a client says of itself beside its namespace, nobody reads: who it is was asked at its upgrade.
      const isConnect = typeof message === "string" && message.startsWith(`${packetType.connect}${namespace},`)
      if (!isConnect || this.isConnected) throw new MessageRefused("no packet of a listener")
      this.isConnected = true
      this.emit("decoded", { type: packetType.connect, nsp: namespace } satisfies Packet)
    }

    /** Socket.IO calls this at the end of a connection; nothing is held between packets. */
    destroy(): void {}
  }
