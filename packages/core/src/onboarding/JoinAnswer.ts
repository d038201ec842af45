/**
 * What a hub answers a newcomer: whether its request waits or what became of it, and where it belongs then. The hub's device
 * signs it together with the request, so nobody in between makes one up or plays an earlier one. What it means is decided
 * elsewhere.
 */
import { Result, Schema } from "effect"
import { type CryptoFunctions, type Signer } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import * as JoinRequest from "./JoinRequest.ts"

/** Longest answer that is looked at, in characters. */
export const answerCharsMax = 4_096

const Answer = Schema.Struct({
  version: Schema.Literal(1),
  /** The request's id, by which people at the hub speak of it. */
  request: Schema.String,
  status: Schema.Literals(["pending", "approved", "rejected"]),
  /** Why it was rejected. */
  because: Schema.NullOr(Schema.String),
  /** The space's id, 32 hexadecimal digits. */
  space: Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/)),
  spaceName: Schema.String,
  /** What the device belongs to once it is approved. */
  member: Schema.NullOr(Schema.String),
  role: Schema.NullOr(Schema.String)
})
export type JoinAnswer = typeof Answer.Type

/** An answer on its way: the text that was signed, and the signature in hexadecimal digits. */
export const Signed = Schema.Struct({ answer: Schema.String, signature: Schema.String })
export type Signed = typeof Signed.Type

const domain = Bytes.utf8("syncline/join-answer/v1\n")

const messageOf = (
  crypto: Pick<CryptoFunctions, "sha256">,
  hub: PeerId.PeerId,
  request: JoinRequest.JoinRequest,
  answer: string
): Uint8Array => Bytes.concat(domain, JoinRequest.messageOf(crypto, hub, request), crypto.sha256(Bytes.utf8(answer)))

/** Signs an answer to a request. */
export const sign = (
  crypto: Pick<CryptoFunctions, "sha256">,
  hub: Signer,
  request: JoinRequest.JoinRequest,
  made: JoinAnswer
): Signed => {
  const answer = JSON.stringify(made)
  const message = messageOf(crypto, PeerId.fromPublicKey(hub.publicKey), request, answer)
  return { answer, signature: Bytes.toHex(hub.sign(message)) }
}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Answer))

/** What the hub answered to this very request; `undefined` for whatever is no such answer, or not by that hub. */
export const open = (
  crypto: Pick<CryptoFunctions, "sha256" | "verify">,
  hub: PeerId.PeerId,
  request: JoinRequest.JoinRequest,
  { answer, signature }: Signed
): JoinAnswer | undefined => {
  const signed = Bytes.fromHex(signature)
  if (signed === undefined || answer.length > answerCharsMax) return undefined
  if (!crypto.verify(PeerId.toPublicKey(hub)!, messageOf(crypto, hub, request, answer), signed)) return undefined
  return Result.getOrUndefined(decode(answer))
}
