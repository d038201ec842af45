/**
 * A device that hears what the hub tells and confirms it, over a real link and by the wire's rules, and does nothing with it: no signature
 * is verified and nothing is stored. Fifty whole devices on one machine would measure that machine.
 */
import { Bytes, Compression, type Crypto, FrameCodec, type Link, type WireMessage } from "@syncline/core"
import { NodeCompression, NodeCrypto, spaceOf } from "@syncline/node"
import { socketIo } from "@syncline/transport-socketio"
import { Effect, Exit, Result, Scope } from "effect"

const { functions: crypto } = NodeCrypto
const nothing = { root: new Uint8Array(16), count: 0, head: 0, cursorOf: null, cursor: 0, charter: null }

export class Listener {
  readonly #link: Link.Link
  readonly #signer: Crypto.Signer
  readonly #scope: Scope.Closeable
  #sent = 0
  /** The nanosecond at which each commit came that the hub sent, in order. */
  readonly heard: Array<bigint> = []

  private constructor(link: Link.Link, signer: Crypto.Signer, scope: Scope.Closeable) {
    this.#link = link
    this.#signer = signer
    this.#scope = scope
  }

  /** Dials and greets; it hears from then on, until the link ends. */
  static async open(address: string, space: string, signer: Crypto.Signer): Promise<Listener> {
    const scope = await Effect.runPromise(Scope.make())
    const link = await Effect.runPromise(Effect.provideService(socketIo().dial(address), Scope.Scope, scope))
    const listener = new Listener(link, signer, scope)
    await Effect.runPromise(listener.#greet(space))
    Effect.runFork(Effect.forever(Effect.flatMap(listener.#hear, (message) => listener.#answer(message))))
    return listener
  }

  close(): Promise<void> {
    return Effect.runPromise(Scope.close(this.#scope, Exit.void))
  }

  readonly #hear = Effect.suspend(() =>
    Effect.map(
      this.#link.receive,
      (frame) => Result.getOrThrow(FrameCodec.decode(NodeCompression.functions, frame)).message
    )
  )

  #say(message: WireMessage.WireMessage) {
    return this.#link.send(FrameCodec.encode(Compression.stored, { sequence: this.#sent++, message }))
  }

  /** Says that it has nothing, and nothing to tell. */
  readonly #greet = Effect.fnUntraced({ self: this }, function* (this: Listener, space: string) {
    const { publicKey } = this.#signer
    const nonce = crypto.randomBytes(16)
    yield* this.#say({ _tag: "Challenge", version: 1, nonce, peer: publicKey })
    const ack = yield* this.#hear
    if (ack._tag !== "ChallengeAck") return yield* Effect.die(new Error(`the hub answers ${ack._tag}`))
    const whole = Bytes.concat(
      Bytes.utf8("\ninitiator\n"),
      publicKey,
      ack.peer,
      nonce,
      ack.nonce,
      this.#link.channelBinding
    )
    const signature = this.#signer.sign(Bytes.concat(Bytes.utf8("syncline/session/v1"), crypto.sha256(whole)))
    const incarnation = crypto.randomBytes(8)
    yield* this.#say({ _tag: "Hello", signature, space: Bytes.fromHex(spaceOf(space))!, incarnation, ...nothing })
    const greeting = yield* this.#hear
    if (greeting._tag !== "HelloAck") return yield* Effect.die(new Error(`the hub answers ${JSON.stringify(greeting)}`))
    yield* this.#say({ _tag: "EventBatch", batch: 0, source: "feed", from: 0, upto: 0, isLast: true, commits: [] })
  })

  #answer(message: WireMessage.WireMessage) {
    if (message._tag === "Ping") return this.#say({ _tag: "Pong", token: message.token })
    if (message._tag !== "EventBatch") return Effect.void
    const atNs = process.hrtime.bigint()
    const { batch, commits, upto } = message
    for (let at = 0; at < commits.length; at++) this.heard.push(atNs)
    const counts = { applied: commits.length, held: 0, gaps: 0 }
    return this.#say({ _tag: "EventAck", batch, upto, ...counts, refused: [], reasons: [], verdicts: [] })
  }
}
