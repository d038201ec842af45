// A session of this node with a hand-driven other end: what a hostile or broken peer can do to it.
import { Effect, Layer, Result, Stream } from "effect"
import { stored } from "../../src/crypto/Compression.ts"
import { Gate } from "../../src/gate/Gate.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as PeerId from "../../src/identity/PeerId.ts"
import * as SpaceId from "../../src/identity/SpaceId.ts"
import { defaultDeleteLimits } from "../../src/journal/DeleteWatch.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Proof from "../../src/session/Proof.ts"
import { codeOf, defaultTiming, type SessionNotice } from "../../src/session/RunningSession.ts"
import * as SessionDriver from "../../src/session/SessionDriver.ts"
import type { Link } from "../../src/transport/Link.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import * as FrameCodec from "../../src/wire/FrameCodec.ts"
import type { WireMessage } from "../../src/wire/WireMessage.ts"
import { crypto, layerDevice, signerOf } from "../nodeCrypto.ts"

export const space = SpaceId.fromName(crypto.sha256, "test")
export const peerOf = (device: number): PeerId.PeerId => PeerId.fromPublicKey(signerOf(device).publicKey)

const allow = (allowed: boolean) => ({ allowed, rule: "test", policyVersion: 1, because: "test" })

/** Admits the given devices and nobody else; entities of type `secret` pass in neither direction. */
export const gateFor = (devices: ReadonlyArray<number>) => {
  const peers = new Set<string>(devices.map(peerOf))
  const decide = (peer: string, type?: string) => Effect.sync(() => allow(peers.has(peer) && type !== "secret"))
  return Layer.succeed(Gate, {
    devices: Effect.succeed([]),
    admits: (peer) => decide(peer),
    canSend: ({ type }, peer) => decide(peer, type),
    canReceive: ({ type }, peer) => decide(peer, type),
    canRead: () => Effect.succeed(allow(true)),
    mustForget: () => Effect.undefined,
    accepts: () => Effect.succeed(allow(true)),
    givesWay: Effect.succeed(false),
    isRenumbered: Effect.succeed(false),
    isCustodian: (peer) => Effect.succeed(peers.has(peer)),
    canWrite: () => Effect.succeed(allow(true)),
    audit: () => Effect.void,
    changes: Stream.never
  })
}

const layerOf = (commitDelayMs: number) =>
  Layer.mergeAll(MemoryJournal.layer({ space, commitDelayMs }), gateFor([2])).pipe(Layer.provideMerge(layerDevice(1)))

/** Journal, gate and keys of device 1, which trusts device 2. */
export const nodeLayer = layerOf(0)

/** The same with a disk so slow that nothing becomes durable while a test's clock stands still. */
export const slowLayer = layerOf(60_000)

/** Starts this node's side of a session and gives the other end of the link. */
export const openSession = Effect.fnUntraced(function* (role: Proof.Role, expected?: PeerId.PeerId) {
  const [near, far] = yield* MemoryTransport.pair("near", "far", Math.floor(crypto.randomBytes(4)[0]! * 2 ** 20))
  const notices: Array<SessionNotice> = []
  const session = yield* SessionDriver.run({
    link: near,
    role,
    expected,
    timing: defaultTiming,
    deleteLimits: defaultDeleteLimits,
    aheadMsMax: 60_000,
    hears: () => Effect.succeed(true),
    proofWanted: Effect.never,
    ended: Effect.never,
    notify: (notice) => Effect.sync(() => void notices.push(notice))
  }).pipe(
    Effect.flip,
    Effect.map((error) => codeOf(error.reason)),
    Effect.forkScoped
  )
  return { far, session, notices }
})

/** Talks on the far end of a link as a peer would. */
export class FarEnd {
  readonly link: Link
  #sent = 0

  constructor(link: Link) {
    this.link = link
  }

  say(message: WireMessage): Effect.Effect<void> {
    const frame = FrameCodec.encode(stored, { sequence: this.#sent++, message })
    return Effect.ignore(this.link.send(frame))
  }

  readonly hear = Effect.fnUntraced(function* (this: FarEnd) {
    const frame = yield* this.link.receive
    const decoded = FrameCodec.decode(stored, frame)
    if (Result.isFailure(decoded)) return yield* Effect.die(decoded.failure)
    return decoded.success.message
  })
}

/** Answers as a device towards an initiator; stops after the proof was sent. */
export const prove = Effect.fnUntraced(function* (far: FarEnd, device: number) {
  const challenge = yield* far.hear()
  if (challenge._tag !== "Challenge") return yield* Effect.die("no challenge")
  const signer = signerOf(device)
  const nonce = new Uint8Array(16)
  const transcript: Proof.Transcript = {
    initiator: challenge.peer,
    responder: signer.publicKey,
    initiatorNonce: challenge.nonce,
    responderNonce: nonce,
    channelBinding: far.link.channelBinding
  }
  const signature = Proof.prove(crypto, signer, transcript, "responder")
  yield* far.say({ _tag: "ChallengeAck", nonce, peer: signer.publicKey, signature })
})

/** Opens as a device towards a responder; stops after the greeting was sent. */
export const greet = Effect.fnUntraced(function* (
  far: FarEnd,
  device: number,
  change: (hello: WireMessage & { readonly _tag: "Hello" }) => WireMessage = (hello) => hello
) {
  const signer = signerOf(device)
  const nonce = crypto.randomBytes(16)
  yield* far.say({ _tag: "Challenge", version: 1, nonce, peer: signer.publicKey })
  const ack = yield* far.hear()
  if (ack._tag !== "ChallengeAck") return yield* Effect.die(`expected a proof, got ${ack._tag}`)
  const transcript: Proof.Transcript = {
    initiator: signer.publicKey,
    responder: ack.peer,
    initiatorNonce: nonce,
    responderNonce: ack.nonce,
    channelBinding: far.link.channelBinding
  }
  if (!Proof.isProven(crypto, transcript, "responder", ack.signature)) return yield* Effect.die("no proof")
  const hello: WireMessage & { readonly _tag: "Hello" } = {
    _tag: "Hello",
    signature: Proof.prove(crypto, signer, transcript, "initiator"),
    space: SpaceId.toBytes(space),
    incarnation: Bytes.fromHex("0011223344556677")!,
    head: 0,
    root: new Uint8Array(16),
    count: 0,
    cursorOf: null,
    cursor: 0,
    charter: null
  }
  yield* far.say(change(hello))
  return { hello, ack, transcript }
})
