/**
 * Socket.IO's text packets as other systems' clients send them, in the place where Socket.IO has its own parser: an event's argument passes as
 * the JSON text that it came as, so whoever relays it changes no digit of it, and nobody reads what he does not need. Namespaces but the first,
 * binary attachments and acknowledgements do not exist here.
 */
import { EventEmitter } from "node:events"

const packetType = { connect: 0, disconnect: 1, event: 2, connectError: 4 } as const

/** The one event under which Socket.IO hands events on, so that no client chooses a name that means something to it. */
export const anyEvent = "event"

const namespace = "/"
/** Characters of an event's name. */
const nameMax = 64
/** Characters of a packet that is no event. */
const controlMax = 4_096

interface Packet {
  readonly type: number
  readonly nsp: string
  readonly data?: unknown
}

/** A message that is no packet of this protocol; Socket.IO closes its connection. */
class MessageRefused extends Error {
  override readonly name = "MessageRefused"
}

/** Type, namespace, number of an acknowledgement; then its contents. */
const head = /^([0-6])(?:(\/[^,]{0,128}),)?(\d{1,15})?/
/** An event's name and, behind a comma, its arguments. */
const event = /^\[\s*("(?:[^"\\]|\\.){0,200}")\s*(?:,([\s\S]*))?\]\s*$/

export const decode = (message: unknown): Packet => {
  const [whole, type, nsp = namespace] = (typeof message === "string" ? head.exec(message) : null) ?? []
  if (whole === undefined) throw new MessageRefused("no packet")
  const rest = (message as string).slice(whole.length)
  switch (Number(type)) {
    case packetType.connect:
      if (rest.length > controlMax) throw new MessageRefused("too large an opening")
      return { type: packetType.connect, nsp }
    case packetType.disconnect:
      return { type: packetType.disconnect, nsp }
    case packetType.event:
      return { type: packetType.event, nsp, data: [anyEvent, ...eventOf(rest)] }
    default:
      throw new MessageRefused("no packet of this protocol")
  }
}

/** Name, and the JSON text behind it: of one argument its own, of several not JSON. */
const eventOf = (text: string): readonly [name: string, argument: string | undefined] => {
  const [, quoted, argument] = event.exec(text) ?? []
  const name = quoted === undefined ? undefined : nameOf(quoted)
  if (name === undefined || name.length > nameMax) throw new MessageRefused("no event")
  return [name, argument?.trim()]
}

const nameOf = (quoted: string): string | undefined => {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return undefined
  }
}

/** An event with one argument, which is JSON already. */
export const eventText = (name: string, argument: string): string =>
  `${packetType.event}[${JSON.stringify(name)},${argument}]`

/** Socket.IO's `Encoder`: for what it says by itself. */
export class Encoder {
  encode({ data, nsp, type }: Packet): Array<string> {
    const place = nsp === namespace ? "" : `${nsp},`
    return [`${type}${place}${data === undefined ? "" : JSON.stringify(data)}`]
  }
}

/** Socket.IO's `Decoder`: one per connection. Socket.IO catches what `add` throws and closes the connection. */
export class Decoder extends EventEmitter {
  add(message: unknown): void {
    this.emit("decoded", decode(message))
  }

  /** Socket.IO calls this at the end of a connection; nothing is held between packets. */
  destroy(): void {}
}
