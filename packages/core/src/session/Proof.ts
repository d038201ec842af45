/**
 * The proof of identity that opens a session: each side signs both nonces, both peer ids, its own role and the
 * connection's channel binding. A proof is worth nothing on another connection, in the other role, or a second time.
 */
import type { CryptoFunctions, Signer } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"

export type Role = "initiator" | "responder"

/** Length of a nonce in bytes. */
export const nonceBytes = 16

/** What both sides know before either has proven anything. */
export interface Transcript {
  readonly initiator: Uint8Array
  readonly responder: Uint8Array
  readonly initiatorNonce: Uint8Array
  readonly responderNonce: Uint8Array
  readonly channelBinding: Uint8Array
}

const domain = Bytes.utf8("syncline/session/v1")

const message = (crypto: CryptoFunctions, transcript: Transcript, role: Role): Uint8Array =>
  Bytes.concat(
    domain,
    crypto.sha256(
      Bytes.concat(
        Bytes.utf8(`\n${role}\n`),
        transcript.initiator,
        transcript.responder,
        transcript.initiatorNonce,
        transcript.responderNonce,
        transcript.channelBinding
      )
    )
  )

/** This side's proof in its role. */
export const prove = (crypto: CryptoFunctions, signer: Signer, transcript: Transcript, role: Role): Uint8Array =>
  signer.sign(message(crypto, transcript, role))

/** True when the side in `role` made the signature for this very transcript. */
export const isProven = (crypto: CryptoFunctions, transcript: Transcript, role: Role, signature: Uint8Array): boolean =>
  crypto.verify(
    role === "initiator" ? transcript.initiator : transcript.responder,
    message(crypto, transcript, role),
    signature
  )
