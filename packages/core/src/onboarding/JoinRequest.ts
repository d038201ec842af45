/**
 * What a newcomer says to a hub by an invitation's link, and what proves it: the link's key and the device's both sign this
 * very request to this very hub. Nothing in it opens anything for whoever reads it. What comes of it is the desk's to say.
 */
import { Schema } from "effect"
import { type CryptoFunctions, signatureBytes, type Signer } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import { idBytes, type InvitationLink } from "./InvitationLink.ts"

/** Longest name of a newcomer and of its platform, in characters. */
export const nameCharsMax = 64
/** Length of the number that no two requests share, in bytes. */
export const nonceBytes = 16

const hex = (bytes: number) =>
  Schema.String.check(Schema.isPattern(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), { message: `must have ${bytes} bytes` }))

export const JoinRequest = Schema.Struct({
  version: Schema.Literal(1),
  invitation: hex(idBytes),
  device: PeerId.PeerId,
  /** As people call it. */
  name: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(nameCharsMax)),
  platform: Schema.String.check(Schema.isMaxLength(nameCharsMax)),
  nonce: hex(nonceBytes),
  /** By the key of the link. */
  proof: hex(signatureBytes),
  /** By the device. */
  signature: hex(signatureBytes)
})
/** A request as JSON carries it: bytes are hexadecimal digits. */
export type JoinRequest = typeof JoinRequest.Type

/** What both keys sign, by a text before it that tells the two apart. */
export const messageOf = (
  { sha256 }: Pick<CryptoFunctions, "sha256">,
  hub: PeerId.PeerId,
  { device, invitation, name, nonce, platform, version }: Omit<JoinRequest, "proof" | "signature">
): Uint8Array =>
  sha256(Bytes.utf8(JSON.stringify(["syncline/join/v1", version, hub, invitation, device, name, platform, nonce])))

const proofDomain = Bytes.utf8("syncline/join-proof/v1\n")
const deviceDomain = Bytes.utf8("syncline/join-device/v1\n")

export interface Asking {
  readonly link: InvitationLink
  /** Of the seed that `InvitationLink.seedOf` makes of the link's secret. */
  readonly invitation: Signer
  readonly device: Signer
  /** 1 to 64 characters. */
  readonly name: string
  readonly platform: string
}

/** A new request; two of them have nothing in common that could be used again. */
export const make = (
  { randomBytes, sha256 }: Pick<CryptoFunctions, "randomBytes" | "sha256">,
  { device, invitation, link, name, platform }: Asking
): JoinRequest => {
  const said = {
    version: 1 as const,
    invitation: link.id,
    device: PeerId.fromPublicKey(device.publicKey),
    name,
    platform,
    nonce: Bytes.toHex(randomBytes(nonceBytes))
  }
  const message = messageOf({ sha256 }, link.hubPeer, said)
  return {
    ...said,
    proof: Bytes.toHex(invitation.sign(Bytes.concat(proofDomain, message))),
    signature: Bytes.toHex(device.sign(Bytes.concat(deviceDomain, message)))
  }
}

/**
 * True when the holder of the invitation's key and the device have both signed this request to this hub. It does the same
 * work whichever of them has not.
 */
export const isProven = (
  crypto: CryptoFunctions,
  hub: PeerId.PeerId,
  invitationKey: Uint8Array,
  request: JoinRequest
): boolean => {
  const message = messageOf(crypto, hub, request)
  const proof = Bytes.fromHex(request.proof)!
  const signature = Bytes.fromHex(request.signature)!
  const isInvited = crypto.verify(invitationKey, Bytes.concat(proofDomain, message), proof)
  const isDevice = crypto.verify(PeerId.toPublicKey(request.device)!, Bytes.concat(deviceDomain, message), signature)
  return isInvited && isDevice
}
