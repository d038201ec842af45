// Somebody who carries every frame between two devices and tries to be taken for one of them. Each seed is one pairing of
// two honest devices with one way of cheating; what comes of it is the same each time.
import type { CryptoFunctions } from "../../src/crypto/Crypto.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as PairingCode from "../../src/pairing/PairingCode.ts"
import * as Message from "../../src/pairing/PairingMessage.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { crypto as real, signerOf } from "../nodeCrypto.ts"
import { Device } from "./pairOfDevices.ts"

const [laptop, phone, stranger] = [signerOf(1), signerOf(2), signerOf(3)]

/** Frames that one rule may change on their way; `undefined` drops one. */
type Rule = (frame: Uint8Array, from: "inviter" | "joiner", place: number) => ReadonlyArray<Uint8Array>

const changed = (
  frame: Uint8Array,
  change: (message: Message.PairingMessage) => Message.PairingMessage
): Uint8Array => {
  const message = Message.message.decode(frame)
  return message === undefined ? frame : Message.message.encode(change(message))
}

/** The stranger's own key in the words of whoever speaks. */
const renamed = (frame: Uint8Array): Uint8Array =>
  changed(frame, (message) => {
    if (message._tag !== "Share") return message
    const side = Message.side.decode(message.associated)!
    return { ...message, associated: Message.side.encode({ ...side, device: stranger.publicKey }) }
  })

const flipped = (random: SeededRandom, frame: Uint8Array): Uint8Array => {
  const copy = Bytes.copy(frame)
  copy[random.between(0, copy.length - 1)]! ^= 1 << random.between(0, 7)
  return copy
}

/** Ways of cheating on a frame. */
const rules: ReadonlyArray<(random: SeededRandom, earlier: ReadonlyArray<Uint8Array>) => Rule> = [
  (random) => {
    const at = random.between(0, 9)
    return (frame, _, place) => [place === at ? flipped(random, frame) : frame]
  },
  () => (frame) => [renamed(frame)],
  () => (frame, from) => [from === "joiner" ? renamed(frame) : frame],
  () => (frame, from) => [from === "inviter" ? renamed(frame) : frame],
  (random) => {
    const share = Bytes.copy(real.randomBytes(32))
    const whose = random.pick(["inviter", "joiner"] as const)
    return (frame, from) => [from === whose ? changed(frame, (m) => (m._tag === "Share" ? { ...m, share } : m)) : frame]
  },
  (random, earlier) => (frame, _, place) => [random.chance(0.3) ? (earlier[place] ?? frame) : frame],
  (random) => (frame) => (random.chance(0.2) ? [] : [frame]),
  (random) => (frame) => (random.chance(0.3) ? [frame, frame] : [frame]),
  (random) => {
    const kept: Array<Uint8Array> = []
    return (frame) => {
      kept.push(frame)
      return random.chance(0.5) ? kept.splice(0).toReversed() : []
    }
  }
]

export interface Outcome {
  /** A device showed, kept or believed in somebody who was not the other honest one. */
  readonly agreedWithStranger: boolean
  readonly paired: boolean
}

/** One pairing with somebody in between. */
export const run = (seed: number): Outcome => {
  const random = new SeededRandom(seed)
  const crypto: CryptoFunctions = {
    ...real,
    randomBytes: (length) => Uint8Array.from({ length }, () => random.bits() & 0xff)
  }
  const code = PairingCode.ofDigits(482, PairingCode.randomDigits(crypto.randomBytes, PairingCode.secretDigits))
  const way = seed % (rules.length + 3)
  const inviter = Device.inviter(crypto, laptop, [code])
  const joiner = Device.joiner(crypto, phone, code)
  if (way === rules.length) reflect(inviter, joiner)
  else if (way > rules.length) standBetween(crypto, random, inviter, joiner)
  else carry(inviter, joiner, rules[way]!(random, way === 5 ? earlierRun(crypto, code) : []))
  return {
    agreedWithStranger: believes(inviter, phone.publicKey) || believes(joiner, laptop.publicKey),
    paired: inviter.paired !== undefined && joiner.paired !== undefined
  }
}

/** True for a device that took somebody else for the honest other one. */
const believes = ({ granted, paired, shown }: Device, honest: Uint8Array): boolean =>
  [shown?.peer, paired].some((peer) => peer !== undefined && !Bytes.equals(peer.device, honest)) ||
  (granted !== undefined && !(shown !== undefined && Bytes.equals(shown.peer.device, honest)))

const carry = (inviter: Device, joiner: Device, rule: Rule): void => {
  for (let place = 0; inviter.out.length + joiner.out.length > 0;) {
    for (const frame of joiner.out.splice(0)) for (const each of rule(frame, "joiner", place++)) inviter.hear(each)
    for (const frame of inviter.out.splice(0)) for (const each of rule(frame, "inviter", place++)) joiner.hear(each)
  }
}

/** What was said in another run by the same code. */
const earlierRun = (crypto: CryptoFunctions, code: PairingCode.PairingCode): ReadonlyArray<Uint8Array> => {
  const frames: Array<Uint8Array> = []
  carry(Device.inviter(crypto, laptop, [code]), Device.joiner(crypto, phone, code), (frame) => {
    frames.push(frame)
    return [frame]
  })
  return frames
}

/** Each hears what it said itself. */
const reflect = (inviter: Device, joiner: Device): void => {
  for (let i = 0; i < 20; i++) {
    for (const frame of joiner.out.splice(0)) joiner.hear(frame)
    for (const frame of inviter.out.splice(0)) inviter.hear(frame)
  }
}

/** Two halves: the stranger invites the one and joins the other, by codes that it guesses, and carries over what it can. */
const standBetween = (crypto: CryptoFunctions, random: SeededRandom, inviter: Device, joiner: Device): void => {
  const guess = (): PairingCode.PairingCode =>
    PairingCode.ofDigits(482, PairingCode.randomDigits(crypto.randomBytes, PairingCode.secretDigits))
  const towardsJoiner = Device.inviter(crypto, stranger, [guess()])
  const towardsInviter = Device.joiner(crypto, stranger, guess())
  const crosses = random.fraction()
  for (let i = 0; i < 20; i++) {
    for (const frame of joiner.out.splice(0)) (random.chance(crosses) ? inviter : towardsJoiner).hear(frame)
    for (const frame of inviter.out.splice(0)) (random.chance(crosses) ? joiner : towardsInviter).hear(frame)
    for (const frame of towardsJoiner.out.splice(0)) joiner.hear(frame)
    for (const frame of towardsInviter.out.splice(0)) inviter.hear(frame)
  }
}
