/**
 * Socket.IO clients that are told when records came: all that are connected, as at Galileosky's own service. One that does not read
 * holds one event and then gets the newest. Where connections come from, and how many there may be, is the frame's business.
 */
import type { ClientHandler, ForeignClient } from "@syncline/transport-socketio/gateway"

export interface News {
  /** Who sent them, as it says. */
  readonly deviceId: string
  readonly newRecords: number
  readonly totalRecords: number
}

interface Event {
  readonly name: "dataUpdated" | "dataCleared"
  readonly argument: string
}

interface Listener {
  pending: Event | undefined
  isSending: boolean
}

export class GalileoskyListeners {
  readonly #whyClosed: () => string | undefined
  readonly #listeners = new Map<ForeignClient, Listener>()

  constructor(whyClosed: () => string | undefined) {
    this.#whyClosed = whyClosed
  }

  /** `joinDevice` has no answer: everybody hears of everything. */
  readonly onClient = (client: ForeignClient): ClientHandler => {
    this.#listeners.set(client, { pending: undefined, isSending: false })
    return { onEvent: () => undefined, onEnd: () => void this.#listeners.delete(client) }
  }

  tell(news: News): void {
    this.#tellAll({ name: "dataUpdated", argument: JSON.stringify(news) })
  }

  tellCleared(): void {
    this.#tellAll({ name: "dataCleared", argument: "null" })
  }

  #tellAll(event: Event): void {
    if (this.#whyClosed() !== undefined) return
    for (const [client, listener] of this.#listeners) {
      listener.pending = event
      this.#send(client, listener)
    }
  }

  #send(client: ForeignClient, listener: Listener): void {
    const { isSending, pending } = listener
    if (isSending || pending === undefined) return
    listener.pending = undefined
    listener.isSending = true
    client.send(pending.name, pending.argument, () => {
      listener.isSending = false
      this.#send(client, listener)
    })
  }
}
