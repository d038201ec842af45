/**
 * What two devices say to each other while they are paired, and its bytes. A message says nothing that helps to guess
 * the code; from the confirmation on everything is sealed. Whether a message makes sense now is the session's business.
 */
import { Result, Schema } from "effect"
import * as Cpace from "../crypto/Cpace.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as MessagePack from "../model/MessagePack.ts"
import { PairingFailed } from "./PairingError.ts"

/** Longest message in bytes; what is granted fits. */
export const messageBytesMax = 64 * 1024
const depthMax = 4

const bytesOf = (min: number, max = min) =>
  Schema.Uint8Array.check(
    Schema.makeFilter((bytes: Uint8Array) => (bytes.length >= min && bytes.length <= max) || `must have ${min} bytes`)
  )
/** Length of each side's half of a run's name in bytes. */
export const halfBytes = 16

/** The joiner asks for a run, with a code that was carried so. */
export const Start = Schema.TaggedStruct("Start", {
  version: Schema.Int,
  kind: Schema.Literals(["digits", "link"]),
  half: bytesOf(halfBytes)
})
/** The inviter has counted the attempt. */
export const Ready = Schema.TaggedStruct("Ready", { half: bytesOf(halfBytes) })
/** A share of the key exchange, and who says so. */
export const Share = Schema.TaggedStruct("Share", { share: bytesOf(Cpace.shareBytes), associated: bytesOf(1, 1_024) })
/** Shows that its side came to the key. */
export const Confirm = Schema.TaggedStruct("Confirm", { tag: bytesOf(Cpace.tagBytes) })
/** What only the other side can read. */
export const Sealed = Schema.TaggedStruct("Sealed", { bytes: bytesOf(16, messageBytesMax) })
/** The run is over, and why: one of `PairingFailed`'s reasons. */
export const Stop = Schema.TaggedStruct("Stop", { code: Schema.String.check(Schema.isMaxLength(32)) })

const messages = [Start, Ready, Share, Confirm, Sealed, Stop] as const
export type PairingMessage = (typeof messages)[number]["Type"]

/** Who a side says that it is. The other side believes it once the key is confirmed. */
const Side = Schema.Struct({
  version: Schema.Int,
  role: Schema.Literals(["inviter", "joiner"]),
  /** The Ed25519 public key of the device. */
  device: bytesOf(32),
  /** As its person calls it. */
  name: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(64)),
  platform: Schema.String.check(Schema.isMaxLength(64)),
  /** The space that the inviter invites to. */
  space: Schema.NullOr(bytesOf(16))
})
export type Side = typeof Side.Type

/** What is said under the seal. */
const Secret = Schema.Union([
  /** The device signs that it is part of this run. */
  Schema.TaggedStruct("Proof", { signature: bytesOf(64) }),
  /** The inviter's person has approved; what the joiner needs is in it. */
  Schema.TaggedStruct("Grant", { signature: bytesOf(64), grant: bytesOf(0, 60 * 1024) }),
  Schema.TaggedStruct("Declined", {}),
  /** The joiner has kept what it was granted. */
  Schema.TaggedStruct("Done", {})
])
export type Secret = typeof Secret.Type

const Message = Schema.Union(messages)

/** A codec of one kind of value. `decode` gives `undefined` for whatever is none. */
export const codecOf = <A>(schema: Schema.Codec<A, unknown>) => {
  const read = Schema.decodeUnknownResult(schema)
  return {
    encode: (value: A): Uint8Array => MessagePack.pack(value),
    decode: (bytes: Uint8Array): A | undefined => {
      if (bytes.length > messageBytesMax) return undefined
      const unpacked = MessagePack.unpack(Bytes.copy(bytes), depthMax)
      if (typeof unpacked === "string") return undefined
      return Result.getOrUndefined(read(unpacked.value))
    }
  }
}

export const message = codecOf<PairingMessage>(Message as Schema.Codec<PairingMessage, unknown>)
export const side = codecOf<Side>(Side as Schema.Codec<Side, unknown>)
export const secret = codecOf<Secret>(Secret as Schema.Codec<Secret, unknown>)

/** The reason behind a code that the other side gave; an unknown one is a failure like any other. */
export const reasonOf = (code: string): PairingFailed["code"] =>
  (PairingFailed.codes as ReadonlyArray<string>).includes(code) ? (code as PairingFailed["code"]) : "Malformed"
