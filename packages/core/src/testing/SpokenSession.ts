/**
 * Sessions that are spoken by hand: what a test says on the far end of a link to the session of a node, as a device that is named by
 * its number. Keys and hashes are real, and run wherever core does. Where the link comes from is the test's business.
 */
import { ed25519 } from "@noble/curves/ed25519.js"
import { sha256 } from "@noble/hashes/sha2.js"
import { Effect, Layer, Result, Stream } from "effect"
import { Compression, stored } from "../crypto/Compression.ts"
import { Crypto, type CryptoFunctions, type Signer } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import { Gate } from "../gate/Gate.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import { defaultDeleteLimits } from "../journal/DeleteWatch.ts"
import * as Proof from "../session/Proof.ts"
import { codeOf, defaultTiming, type SessionNotice, type SessionTiming } from "../session/RunningSession.ts"
import * as SessionDriver from "../session/SessionDriver.ts"
import type { Link } from "../transport/Link.ts"
import * as FrameCodec from "../wire/FrameCodec.ts"
import type { WireMessage } from "../wire/WireMessage.ts"
import { SeededRandom } from "./SeededRandom.ts"

const random = new SeededRandom(1)

export const crypto: CryptoFunctions = {
  sha256: (bytes) => sha256(bytes),
  verify: (publicKey, message, signature) => ed25519.verify(signature, message, publicKey),
  randomBytes: (length) => Uint8Array.from({ length }, () => random.between(0, 255))
}

/** The key of a device. Its seed is its number, in each byte where it fits. */
export const signerOf = (device: number): Signer => {
  const seed = new Uint8Array(32).fill(device)
  if (device > 255) new DataView(seed.buffer).setUint32(0, device)
  return { publicKey: ed25519.getPublicKey(seed), sign: (message) => ed25519.sign(message, seed) }
}

export const peerOf = (device: number): PeerId.PeerId => PeerId.fromPublicKey(signerOf(device).publicKey)

/** What a journal and a session need of a device. */
export const layerDevice = (device: number) => {
  const signer = signerOf(device)
  return Layer.mergeAll(
    Layer.succeed(Crypto, crypto),
    Compression.layerStored,
    Layer.succeed(DeviceKey, { ...signer, peer: PeerId.fromPublicKey(signer.publicKey) })
  )
}

export const space = SpaceId.fromName(crypto.sha256, "test")

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

/** Runs this node's side of a session on a link; gives how it ends, and what it tells meanwhile. */
export const run = Effect.fnUntraced(function* (
  link: Link,
  role: Proof.Role,
  { expected, timing = defaultTiming }: { readonly expected?: PeerId.PeerId; readonly timing?: SessionTiming } = {}
) {
  const notices: Array<SessionNotice> = []
  const session = yield* SessionDriver.run({
    link,
    role,
    expected,
    timing,
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
  return { session, notices }
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
