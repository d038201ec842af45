/**
 * A client that keeps to the wire's form and to nothing else: it speaks by hand what a session would say, over the real
 * transport. What it opened is closed when the test is over.
 */
import {
  Author,
  Bytes,
  Commit,
  Compression,
  type Crypto,
  Event,
  FrameCodec,
  HybridTime,
  type Link,
  PeerId,
  type WireMessage
} from "@syncline/core"
import { NodeCompression, NodeCrypto, spaceOf } from "@syncline/node"
import { socketIo } from "@syncline/transport-socketio"
import { Effect, Exit, Result, Scope } from "effect"
import { onTestFinished } from "vitest"

const { functions: crypto } = NodeCrypto
const { stored } = Compression
const space = spaceOf("home")
const incarnation = "0011223344556677"

/** A device that exists in this test only. */
export interface Identity extends Crypto.Signer {
  readonly peer: PeerId.PeerId
}

export const identity = (): Identity => {
  const signer = NodeCrypto.signerOf(crypto.randomBytes(NodeCrypto.seedBytes))
  return { ...signer, peer: PeerId.fromPublicKey(signer.publicKey) }
}

export type Message<Tag extends WireMessage.WireMessage["_tag"]> = Extract<
  WireMessage.WireMessage,
  { readonly _tag: Tag }
>

/** The session's proof, written down a second time: what is signed is a promise between versions. */
const prove = (
  signer: Crypto.Signer,
  initiator: Uint8Array,
  nonce: Uint8Array,
  ack: Message<"ChallengeAck">,
  channelBinding: Uint8Array
): Uint8Array => {
  const role = Bytes.utf8("\ninitiator\n")
  const digest = crypto.sha256(Bytes.concat(role, initiator, ack.peer, nonce, ack.nonce, channelBinding))
  return signer.sign(Bytes.concat(Bytes.utf8("syncline/session/v1"), digest))
}

export interface Greeting {
  /** Whom the client says it is. */
  readonly as: Identity
  /** Whose key makes the proof; its own unless it lies. */
  readonly signer?: Crypto.Signer
  /** Digest of the charter that it says it knows; it says that it knows none unless one is given. */
  readonly charter?: Uint8Array
  /** Said instead of a greeting of this connection's own. */
  readonly replayed?: Recorded
}

/** What an eavesdropper has of a connection. */
export interface Recorded {
  readonly nonce: Uint8Array
  readonly hello: Message<"Hello">
}

export class HostileClient {
  readonly #link: Link.Link
  readonly #end: () => Promise<void>
  #sent = 0

  private constructor(link: Link.Link, end: () => Promise<void>) {
    this.#link = link
    this.#end = end
  }

  static async dial(address: string): Promise<HostileClient> {
    const scope = await Effect.runPromise(Scope.make())
    const end = () => Effect.runPromise(Scope.close(scope, Exit.void))
    onTestFinished(end)
    const link = await Effect.runPromise(Effect.provideService(socketIo().dial(address), Scope.Scope, scope))
    return new HostileClient(link, end)
  }

  say(message: WireMessage.WireMessage): Promise<void> {
    return this.sayBytes(FrameCodec.encode(stored, { sequence: this.#sent++, message }))
  }

  sayBytes(frame: Uint8Array): Promise<void> {
    return Effect.runPromise(this.#link.send(frame))
  }

  /** The next message; rejects once the link has ended. */
  async hear(): Promise<WireMessage.WireMessage> {
    const frame = await Effect.runPromise(this.#link.receive)
    return Result.getOrThrow(FrameCodec.decode(NodeCompression.functions, frame)).message
  }

  /** The next message of a kind; others before it are passed over. */
  async hearOf<Tag extends WireMessage.WireMessage["_tag"]>(tag: Tag): Promise<Message<Tag>> {
    for (;;) {
      const message = await this.hear()
      if (message._tag === tag) return message as Message<Tag>
      if (message._tag === "Error") throw new Error(`refused with ${message.code}`)
    }
  }

  /** The code that the hub ends the session with; rejects where it does not end after it. */
  async refusal(): Promise<string> {
    let message = await this.hear()
    while (message._tag !== "Error") message = await this.hear()
    const { code } = message
    const afterwards = await Effect.runPromise(Effect.result(this.#link.receive))
    if (Result.isSuccess(afterwards)) throw new Error(`the link goes on after ${code}`)
    return code
  }

  /** Proves an identity, or tries to, and says hello; what comes back is the caller's to hear. */
  async greet({ as, charter, replayed, signer }: Greeting): Promise<Recorded> {
    const nonce = replayed?.nonce ?? crypto.randomBytes(16)
    await this.say({ _tag: "Challenge", version: 1, nonce, peer: as.publicKey })
    const ack = await this.hearOf("ChallengeAck")
    const hello: Message<"Hello"> = replayed?.hello ?? {
      _tag: "Hello",
      signature: prove(signer ?? as, as.publicKey, nonce, ack, this.#link.channelBinding),
      space: Bytes.fromHex(space)!,
      incarnation: Bytes.fromHex(incarnation)!,
      head: 0,
      root: new Uint8Array(16),
      count: 0,
      cursorOf: null,
      cursor: 0,
      charter: charter ?? null
    }
    await this.say(hello)
    return { nonce, hello }
  }

  /** Greets truthfully and hears the hub's greeting. */
  async enter(as: Identity): Promise<Message<"HelloAck">> {
    await this.greet({ as })
    return this.hearOf("HelloAck")
  }

  /** Sends commits as a batch of its feed; gives the hub's account of them. */
  async deliver(commits: ReadonlyArray<Uint8Array>): Promise<Message<"EventAck">> {
    const upto = commits.length
    await this.say({ _tag: "EventBatch", batch: 0, source: "feed", from: 0, upto, isLast: true, commits })
    return this.hearOf("EventAck")
  }

  close(): Promise<void> {
    return this.#end()
  }
}

/** A commit of one task, named after `author` and signed by `signer`. */
export const commitOf = (author: Identity, entity: string, signer: Crypto.Signer = author): Uint8Array => {
  const event = Event.encode({ entity, eseq: 1, prev: undefined, deps: [], ops: { s: { title: "Milk" } } })
  const header = {
    space,
    partition: { type: "task", header: {} },
    authors: [Author.make(author.peer, incarnation)],
    at: HybridTime.make(Date.now(), 0),
    nonce: 0,
    group: undefined
  }
  return Commit.seal(crypto, stored, signer, header, [event]).bytes
}

/** Copies of the bytes that differ from them in one bit each, one for every byte. */
export const flipped = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from(bytes, (byte, place) => {
    const copy = Uint8Array.from(bytes)
    copy[place] = byte ^ (1 << (place % 8))
    return copy
  })

/** A frame of nothing but lists within lists. */
export const nestedFrame = (depth: number): Uint8Array =>
  Uint8Array.of(0, ...Array.from({ length: depth }, () => 0x91), 1)

/** Sends one WebSocket message by hand, before or after the connect packets; resolves when the hub ends the connection. */
export const sendLarge = (address: string, bytes: number, isConnecting: boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${address.replace("http", "ws")}/sl?EIO=4&transport=websocket`)
    onTestFinished(() => socket.close())
    let isOpen = false
    socket.addEventListener("message", ({ data }) => {
      // Engine.IO's opening is a text, the answer to a connect packet is binary.
      isOpen = true
      const isConnected = typeof data !== "string"
      socket.send(isConnecting && !isConnected ? Uint8Array.of(0) : new Uint8Array(bytes).fill(2))
    })
    socket.addEventListener("close", () => (isOpen ? resolve() : reject(new Error("no connection to send on"))))
  })
