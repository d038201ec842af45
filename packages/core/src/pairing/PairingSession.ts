/**
 * One run of a pairing, as either side: what to do about each message. A device that invites and one that joins come to
 * a key by the secret of a code, prove their own keys under it, and wait for the person at the inviting device. It
 * has no clock and stores nothing: whoever drives it counts attempts, asks the person, and ends a run that takes too long.
 * A run is never tried again with the same code by itself, as each gives a stranger one more guess.
 */
import * as Cpace from "../crypto/Cpace.ts"
import type { CryptoFunctions, Signer } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PairingCode } from "./PairingCode.ts"
import { shortDigits } from "./PairingCode.ts"
import type { PairingFailed } from "./PairingError.ts"
import * as Message from "./PairingMessage.ts"
import { type PairingRole, PairingSeal } from "./PairingSeal.ts"

/** Version of these messages. */
export const pairingVersion = 1

/** This device, as the other side will see it. */
export interface PairingSelf {
  readonly signer: Signer
  /** As its person calls it, 1 to 64 characters. */
  readonly name: string
  readonly platform: string
  /** The space that this device invites to; `null` on the joining side. */
  readonly space: Uint8Array | null
}

/** The other device, proven. */
export interface PairingPeer {
  readonly device: Uint8Array
  readonly name: string
  readonly platform: string
  readonly space: Uint8Array | null
}

/** What to do next, in order. */
export type PairingAction =
  | { readonly _tag: "Send"; readonly message: Message.PairingMessage }
  /** Count the attempt so that it survives a crash, then call `counted`. */
  | { readonly _tag: "Count"; readonly kind: PairingCode["kind"] }
  /** Show the number; on the inviting side also ask the person, then call `decide`. */
  | { readonly _tag: "Show"; readonly peer: PairingPeer; readonly checkNumber: string }
  /** Keep what was granted, then call `kept`. */
  | { readonly _tag: "Granted"; readonly peer: PairingPeer; readonly grant: Uint8Array }
  | { readonly _tag: "Paired"; readonly peer: PairingPeer }
  | { readonly _tag: "Failed"; readonly code: PairingFailed["code"] }

type Actions = ReadonlyArray<PairingAction>
type Awaits =
  | "Start"
  | "counting"
  | "Ready"
  | "Share"
  | "Confirm"
  | "Proof"
  | "person"
  | "Grant"
  | "keeping"
  | "Done"
  | "over"

type Randomness = Pick<CryptoFunctions, "randomBytes" | "sha256" | "verify">

/** The key that both sides should have come to. */
interface Keyed {
  readonly run: Cpace.CpaceRun
  readonly key: Uint8Array
  readonly own: Cpace.CpaceMessage
  readonly peer: Cpace.CpaceMessage
  readonly side: Message.Side
  readonly seal: PairingSeal
}

export class PairingSession {
  readonly #crypto: Randomness
  readonly #self: PairingSelf
  readonly #role: PairingRole
  /** The code, or for an inviter the secret of each kind that its window has. */
  readonly #secretOf: (kind: PairingCode["kind"]) => Uint8Array | undefined
  readonly #channel: string
  #kind: PairingCode["kind"]
  #awaits: Awaits
  #half: Uint8Array = new Uint8Array(0)
  #run: Cpace.CpaceRun | undefined
  #own: Cpace.CpaceMessage | undefined
  #keyed: Keyed | undefined

  private constructor(crypto: Randomness, self: PairingSelf, role: PairingRole, codes: ReadonlyArray<PairingCode>) {
    for (const { secret } of codes) {
      if (secret.length < shortDigits) throw new RangeError(`a secret has at least ${shortDigits} digits`)
    }
    this.#crypto = crypto
    this.#self = self
    this.#role = role
    this.#secretOf = (kind) => codes.find((code) => code.kind === kind)?.secret
    this.#kind = codes[0]!.kind
    this.#channel = `syncline/pair/v1|${codes[0]!.slot ?? "direct"}`
    this.#awaits = role === "inviter" ? "Start" : "Ready"
  }

  /** The inviting side; `codes` are those of its window, of one slot, at most one of each kind. */
  static invite(crypto: Randomness, self: PairingSelf, codes: ReadonlyArray<PairingCode>): PairingSession {
    return new PairingSession(crypto, self, "inviter", codes)
  }

  /** The joining side and its first message. Throws a `RangeError` for a secret of fewer than 6 digits. */
  static join(
    crypto: Randomness,
    self: PairingSelf,
    code: PairingCode
  ): { readonly session: PairingSession; readonly actions: Actions } {
    const session = new PairingSession(crypto, self, "joiner", [code])
    session.#half = Bytes.copy(crypto.randomBytes(Message.halfBytes))
    const start = { _tag: "Start", version: pairingVersion, kind: code.kind, half: session.#half } as const
    return { session, actions: [send(start)] }
  }

  /** True once nothing more will come of it. */
  get isOver(): boolean {
    return this.#awaits === "over"
  }

  receive(message: Message.PairingMessage | undefined): Actions {
    if (this.isOver) return []
    if (message?._tag === "Stop") return this.#end(Message.reasonOf(message.code))
    if (message === undefined) return this.fail("Malformed")
    switch (message._tag) {
      case "Start":
        return this.#awaits === "Start" ? this.#start(message) : this.fail("Malformed")
      case "Ready":
        return this.#awaits === "Ready" ? this.#ready(message.half) : this.fail("Malformed")
      case "Share":
        return this.#awaits === "Share" ? this.#share(message) : this.fail("Malformed")
      case "Confirm":
        return this.#awaits === "Confirm" ? this.#confirm(message.tag) : this.fail("Malformed")
      case "Sealed":
        return this.#sealed(message.bytes)
    }
  }

  /** The attempt was counted: it may go on, or the code is used up. */
  counted(isLeft: boolean): Actions {
    if (this.#awaits !== "counting") return []
    if (!isLeft) return this.fail("CodeUsedUp")
    this.#awaits = "Share"
    const half = Bytes.copy(this.#crypto.randomBytes(Message.halfBytes))
    this.#begin(Bytes.concat(this.#half, half))
    return [send({ _tag: "Ready", half })]
  }

  /** The person at the inviting device has decided: what is granted, or nothing. */
  decide(grant: Uint8Array | undefined): Actions {
    if (this.#awaits !== "person") return []
    if (grant === undefined) return [this.#seal({ _tag: "Declined" }), ...this.#end("Declined")]
    this.#awaits = "Done"
    return [this.#seal({ _tag: "Grant", signature: this.#proof(), grant })]
  }

  /** What was granted is kept. */
  kept(): Actions {
    if (this.#awaits !== "keeping") return []
    this.#awaits = "over"
    return [this.#seal({ _tag: "Done" }), { _tag: "Paired", peer: peerOf(this.#keyed!.side) }]
  }

  /** Ends the run and says why, unless it is over. */
  fail(code: PairingFailed["code"]): Actions {
    return this.isOver ? [] : [send({ _tag: "Stop", code }), ...this.#end(code)]
  }

  #end(code: PairingFailed["code"]): Actions {
    this.#awaits = "over"
    return [{ _tag: "Failed", code }]
  }

  #start({ half, kind, version }: Message.PairingMessage & { readonly _tag: "Start" }): Actions {
    if (version !== pairingVersion) return this.fail("Malformed")
    if (this.#secretOf(kind) === undefined) return this.fail("CodeWrong")
    this.#kind = kind
    this.#half = half
    this.#awaits = "counting"
    return [{ _tag: "Count", kind }]
  }

  #ready(half: Uint8Array): Actions {
    if (Bytes.equals(half, this.#half)) return this.fail("Reflected")
    this.#awaits = "Share"
    return [send({ _tag: "Share", ...this.#begin(Bytes.concat(this.#half, half)) })]
  }

  #begin(session: Uint8Array): Cpace.CpaceMessage {
    const channel = Bytes.utf8(`${this.#channel}|${this.#kind}`)
    this.#run = Cpace.begin(this.#crypto.randomBytes, { secret: this.#secretOf(this.#kind)!, channel, session })
    const { name, platform, signer, space } = this.#self
    const side = { version: pairingVersion, role: this.#role, device: signer.publicKey, name, platform, space }
    this.#own = { share: this.#run.share, associated: Message.side.encode(side) }
    return this.#own
  }

  #share(peer: Cpace.CpaceMessage): Actions {
    const [run, own] = [this.#run!, this.#own!]
    const side = Message.side.decode(peer.associated)
    if (side === undefined || side.version !== pairingVersion) return this.fail("Malformed")
    const isReflected =
      side.role === this.#role ||
      Bytes.equals(peer.share, own.share) ||
      Bytes.equals(side.device, this.#self.signer.publicKey)
    if (isReflected) return this.fail("Reflected")
    const key = Cpace.finish(run, peer.share, ...this.#inOrder(own, peer))
    if (key === undefined) return this.fail("CodeWrong")
    this.#keyed = { run, key, own, peer, side, seal: new PairingSeal(key, this.#role) }
    this.#awaits = "Confirm"
    // The joiner shows first that it knows the code: a stranger who invites learns nothing from an honest joiner's guess.
    return this.#role === "joiner" ? [this.#confirmation()] : [send({ _tag: "Share", ...own })]
  }

  /** Both messages, the joiner's first, as it spoke first. */
  #inOrder<A>(own: A, peer: A): [A, A] {
    return this.#role === "joiner" ? [own, peer] : [peer, own]
  }

  #confirmation(): PairingAction {
    const { key, own, run } = this.#keyed!
    return send({ _tag: "Confirm", tag: Cpace.tag(run, key, own) })
  }

  #confirm(tag: Uint8Array): Actions {
    const { key, peer, run, seal, side } = this.#keyed!
    if (!Cpace.isTag(run, key, peer, tag)) return this.fail("CodeWrong")
    if (this.#role === "inviter") {
      this.#awaits = "Proof"
      return [this.#confirmation()]
    }
    this.#awaits = "Grant"
    const proof = this.#seal({ _tag: "Proof", signature: this.#proof() })
    return [proof, { _tag: "Show", peer: peerOf(side), checkNumber: seal.checkNumber }]
  }

  #sealed(bytes: Uint8Array): Actions {
    const opened = this.#keyed?.seal.open(bytes)
    const secret = opened === undefined ? undefined : Message.secret.decode(opened)
    if (secret === undefined) return this.fail("Malformed")
    const peer = peerOf(this.#keyed!.side)
    if (secret._tag === "Proof" && this.#awaits === "Proof") {
      if (!this.#isProven(secret.signature)) return this.fail("ProofInvalid")
      this.#awaits = "person"
      return [{ _tag: "Show", peer, checkNumber: this.#keyed!.seal.checkNumber }]
    }
    if (secret._tag === "Grant" && this.#awaits === "Grant") {
      if (!this.#isProven(secret.signature)) return this.fail("ProofInvalid")
      this.#awaits = "keeping"
      return [{ _tag: "Granted", peer, grant: secret.grant }]
    }
    if (secret._tag === "Declined" && this.#awaits === "Grant") return this.#end("Declined")
    if (secret._tag === "Done" && this.#awaits === "Done") {
      this.#awaits = "over"
      return [{ _tag: "Paired", peer }]
    }
    return this.fail("Malformed")
  }

  #seal(secret: Message.Secret): PairingAction {
    return send({ _tag: "Sealed", bytes: this.#keyed!.seal.seal(Message.secret.encode(secret)) })
  }

  /** This device was part of this very run, in its role. */
  #proof(): Uint8Array {
    return this.#self.signer.sign(this.#proofMessage(this.#role))
  }

  #isProven(signature: Uint8Array): boolean {
    const role = this.#role === "inviter" ? "joiner" : "inviter"
    return this.#crypto.verify(this.#keyed!.side.device, this.#proofMessage(role), signature)
  }

  #proofMessage(role: PairingRole): Uint8Array {
    const { sha256 } = this.#crypto
    const { own, peer, run } = this.#keyed!
    const said = this.#inOrder(own, peer).flatMap(({ associated, share }) => [sha256(share), sha256(associated)])
    return Bytes.concat(Bytes.utf8(`syncline/pair/v1\n${role}\n`), sha256(Bytes.concat(run.session, ...said)))
  }
}

const send = (message: Message.PairingMessage): PairingAction => ({ _tag: "Send", message })

const peerOf = ({ device, name, platform, space }: Message.Side): PairingPeer => ({ device, name, platform, space })
