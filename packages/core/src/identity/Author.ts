/**
 * Who writes events: a device in one incarnation. The incarnation is a random id that a journal gets when it is
 * made and again after a restore, so that a copied journal never reuses the sequence numbers of its original.
 */
import type { Brand } from "effect"
import * as Bytes from "./Bytes.ts"
import * as PeerId from "./PeerId.ts"

/** `<peer id>/<16 hexadecimal digits>`. Texts order authors in the same way everywhere. */
export type Author = string & Brand.Brand<"Author">

/** Length of an incarnation in bytes. */
export const incarnationBytes = 8

/** Length of the raw form in bytes: public key, then incarnation. */
export const authorBytes = PeerId.publicKeyBytes + incarnationBytes

/** From a peer and its incarnation in hexadecimal. */
export const make = (peer: PeerId.PeerId, incarnation: string): Author => `${peer}/${incarnation}` as Author

/** The device. */
export const peer = (author: Author): PeerId.PeerId => author.slice(0, author.indexOf("/")) as PeerId.PeerId

// Reading base58 costs microseconds and the same few authors come again with every entity.
/** Authors whose raw form is kept; when it is full the cache starts over. */
export const bytesCachedAuthorsMax = 1024
const bytesCache = new Map<Author, Uint8Array>()

/** Authors whose raw form is kept now. */
export const bytesCachedAuthors = (): number => bytesCache.size

/** Raw form; not to be written to. */
export const toBytes = (author: Author): Uint8Array => {
  const known = bytesCache.get(author)
  if (known !== undefined) return known
  const slash = author.indexOf("/")
  const bytes = Bytes.concat(PeerId.toPublicKey(author.slice(0, slash))!, Bytes.fromHex(author.slice(slash + 1))!)
  if (bytesCache.size >= bytesCachedAuthorsMax) bytesCache.clear()
  bytesCache.set(author, bytes)
  return bytes
}

/** From the raw form; the caller has checked its length. */
export const fromBytes = (bytes: Uint8Array): Author =>
  make(
    PeerId.fromPublicKey(bytes.subarray(0, PeerId.publicKeyBytes)),
    Bytes.toHex(bytes.subarray(PeerId.publicKeyBytes))
  )
