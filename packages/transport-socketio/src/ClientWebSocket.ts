/**
 * Engine.IO's WebSocket on the dialling side, with every message inspected before Engine.IO reads it. It is handed to
 * Socket.IO's documented `transports` option and changes neither reconnecting nor what is sent.
 */
import type { Transport } from "@syncline/core"
import type { Socket } from "node:net"
import { NodeWebSocket } from "socket.io-client"
import { answerBytesMax, fromServer, messageBytesMax, type Stage } from "./MessageInspection.ts"
import type { Refusal } from "./Refusal.ts"
import { oversizeCode, type WebSocketHandle } from "./WebSocketHandle.ts"

export class ClientWebSocket extends NodeWebSocket {
  /** Set while the connection is made. */
  handle: WebSocketHandle | undefined
  /** The TCP or TLS socket, from the server's answer on. */
  netSocket: Socket | undefined
  /** Why this end cut the connection off, if it did. */
  refusal: Refusal | undefined
  /** How the server's name is looked up; the platform's way when absent. */
  protected readonly lookup: Transport.Lookup | undefined = undefined
  private stage: Stage = "new"

  override createSocket(uri: string, protocols: string | Array<string> | undefined, options: object): WebSocketHandle {
    const limited = { ...options, maxPayload: messageBytesMax, perMessageDeflate: false, followRedirects: false }
    // ws hands it on to the socket, which connects to what it says.
    if (this.lookup !== undefined) Object.assign(limited, { lookup: this.lookup })
    const handle: WebSocketHandle = super.createSocket(uri, protocols, limited)
    this.handle = handle
    handle.on("upgrade", (response) => {
      this.netSocket = response.socket
    })
    handle.on("error", (error) => {
      if (error.code?.startsWith("WS_ERR_")) this.refusal ??= error.code === oversizeCode ? "oversize" : "malformed"
    })
    handle.on("ping", () => this.limitAnswers())
    return handle
  }

  override onData(message: Parameters<NodeWebSocket["onPacket"]>[0]["data"]): void {
    if (this.refusal !== undefined) return
    const outcome = fromServer(this.stage, message)
    if ("refusal" in outcome) return this.refuse(outcome.refusal)
    this.stage = outcome.stage
    if (typeof message === "string") this.limitAnswers()
    super.onData(message)
  }

  /** Every heartbeat is answered; a server that asks without reading must not make the answers pile up. */
  private limitAnswers(): void {
    if (this.handle !== undefined && this.handle.bufferedAmount > answerBytesMax) this.refuse("ping-flood")
  }

  /** Cuts the connection off. The first reason stands. */
  refuse(refusal: Refusal): void {
    this.refusal ??= refusal
    this.onError("refused", refusal)
    this.handle?.terminate()
  }
}

/** One that connects only to where the lookup leads. A number is never looked up: whoever names one has to look at it. */
export const lookingUp = (lookup: Transport.Lookup): typeof ClientWebSocket =>
  class extends ClientWebSocket {
    protected override readonly lookup = lookup
  }
