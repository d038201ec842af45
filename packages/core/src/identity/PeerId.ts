/**
 * A peer's name: the Ed25519 public key of its device, written as libp2p writes the PeerId of the same key.
 * Knowing a PeerId grants nothing; a session proves it by a signature.
 */
import { Brand, Schema } from "effect"
import * as Bytes from "./Bytes.ts"

/** Text form, e.g. `12D3KooW…` (52 characters): base58btc of the identity multihash of the key. */
export type PeerId = string & Brand.Brand<"PeerId">

/** Length of the raw public key in bytes (RFC 8032). */
export const publicKeyBytes = 32

// Identity multihash (0x00), length 36, then the protobuf `PublicKey{ Type: Ed25519 (1), Data: 32 bytes }`.
// Source: the libp2p peer id specification, "Peer Ids" and "Keys".
const prefix = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

/** The PeerId of a raw public key. The caller has checked that it has 32 bytes. */
export const fromPublicKey = (key: Uint8Array): PeerId => Bytes.toBase58(Bytes.concat(prefix, key)) as PeerId

/** The raw public key in a PeerId, or `undefined` when the text is not the PeerId of an Ed25519 key. */
export const toPublicKey = (text: string): Uint8Array | undefined => {
  if (text.length < 40 || text.length > 60) return undefined
  const bytes = Bytes.fromBase58(text)
  if (bytes === undefined || bytes.length !== prefix.length + publicKeyBytes) return undefined
  if (!Bytes.equals(bytes.subarray(0, prefix.length), prefix)) return undefined
  return bytes.subarray(prefix.length)
}

/** True for the text form of an Ed25519 PeerId. */
export const is = (text: unknown): text is PeerId => typeof text === "string" && toPublicKey(text) !== undefined

/** Schema of the text form. */
export const PeerId = Schema.String.check(
  Schema.makeFilter((text: string) => is(text) || "must be a peer id such as 12D3KooW…, as `syncline id` prints it")
).pipe(Schema.brand("PeerId"))
