/**
 * Cryptography for the engine's own tests, on node:crypto. Keys come from a device's number, so that a test names its
 * devices 1, 2, 3. Real use goes through packages/node.
 */
import { createPrivateKey, createPublicKey, hash, randomBytes, sign, verify } from "node:crypto"
import { Layer } from "effect"
import { Compression } from "../../src/crypto/Compression.ts"
import { Crypto, type CryptoFunctions, type Signer } from "../../src/crypto/Crypto.ts"
import { DeviceKey } from "../../src/crypto/DeviceKey.ts"
import * as PeerId from "../../src/identity/PeerId.ts"

const publicPrefix = Buffer.from("302a300506032b6570032100", "hex")
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex")

export const functions: CryptoFunctions = {
  sha256: (bytes) => new Uint8Array(hash("sha256", bytes, "buffer")),
  verify: (publicKey, message, signature) =>
    verify(
      null,
      message,
      createPublicKey({ key: Buffer.concat([publicPrefix, publicKey]), format: "der", type: "spki" }),
      signature
    ),
  randomBytes: (length) => new Uint8Array(randomBytes(length))
}

/** The signer of a device's number. */
/** The seed of a device's key: its number, in each byte where it fits. */
export const seedOf = (device: number): Uint8Array => {
  const seed = Buffer.alloc(32, device)
  if (device > 255) seed.writeUInt32BE(device)
  return seed
}

export const signerOf = (device: number): Signer => signerOfSeed(seedOf(device))

export const signerOfSeed = (seed: Uint8Array): Signer => {
  const key = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: "der", type: "pkcs8" })
  const spki = createPublicKey(key).export({ format: "der", type: "spki" })
  return {
    publicKey: new Uint8Array(spki.subarray(publicPrefix.length)),
    sign: (message) => new Uint8Array(sign(null, message, key))
  }
}

/** Everything that a journal needs of a device. */
export const layerDevice = (device: number) => {
  const signer = signerOf(device)
  return Layer.mergeAll(
    Layer.succeed(Crypto, functions),
    Compression.layerStored,
    Layer.succeed(DeviceKey, { ...signer, peer: PeerId.fromPublicKey(signer.publicKey) })
  )
}
