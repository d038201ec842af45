/**
 * Draws the secret of an invitation and makes what the hub is told of it, and the link. The hub never sees the secret: it stands behind the
 * link's `#`. Loaded when somebody invites, as it brings the signatures' arithmetic along.
 */
import { ed25519 } from "@noble/curves/ed25519.js"
import { sha256 } from "@noble/hashes/sha2.js"
import { Bytes, InvitationLink, type PeerId } from "@syncline/core"

export interface Drawn {
  /** Public half of the link's key, in hexadecimal digits: the hub's part. */
  readonly key: string
  readonly secret: Uint8Array
}

export const draw = (): Drawn => {
  const secret = crypto.getRandomValues(new Uint8Array(InvitationLink.secretBytes))
  const seed = InvitationLink.seedOf((bytes) => sha256(bytes), secret)
  return { key: Bytes.toHex(ed25519.getPublicKey(seed)), secret }
}

/** As people hand it on. */
export const linkOf = (hub: string, hubPeer: string, id: string, { secret }: Drawn): string =>
  InvitationLink.toText({ hub, hubPeer: hubPeer as PeerId.PeerId, id, secret })
