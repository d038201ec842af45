/**
 * The device's private key as a file: the 32-byte Ed25519 seed in `<folder>/device.key`, readable by its owner only.
 * It is made once and never replaced; it is not encrypted, so whoever reads the file is the device.
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync
} from "node:fs"
import { join, resolve } from "node:path"
import { Bytes, DeviceKey, PeerId } from "@syncline/core"
import { Context, Effect, Layer, Redacted } from "effect"
import { syncFolder } from "./FolderSync.ts"
import { DeviceKeyError, KeyDamaged, KeyExposed, KeyInaccessible } from "./DeviceKeyError.ts"
import * as NodeCrypto from "./NodeCrypto.ts"
import * as PrivateFolder from "./PrivateFolder.ts"

const fileMode = 0o600

/** The key in the form that another thread of this process can build a signer from. It never leaves the process. */
export class DeviceSeed extends Context.Service<DeviceSeed, Redacted.Redacted<Uint8Array>>()(
  "@syncline/node/DeviceSeed"
) {}

/** The key file of a folder. */
export const keyFile = (folder: string): string => join(resolve(folder), "device.key")

/** Reads the folder's seed, or makes one when there is none. */
export const load = (folder: string): Effect.Effect<Redacted.Redacted<Uint8Array>, DeviceKeyError> =>
  Effect.suspend(() => {
    const path = keyFile(folder)
    const fresh = NodeCrypto.functions.randomBytes(NodeCrypto.seedBytes)
    const seed = attempt(path, () => readOrMake(resolve(folder), path, fresh))
    return Effect.map(seed, (bytes) => Redacted.make(bytes, { label: "device seed" }))
  })

/** A new seed that is kept nowhere yet, for a device that may never come to be. */
export const draw: Effect.Effect<Redacted.Redacted<Uint8Array>> = Effect.sync(() =>
  Redacted.make(NodeCrypto.functions.randomBytes(NodeCrypto.seedBytes), { label: "device seed" })
)

/** Keeps a seed as the folder's key. Fails with `KeyInaccessible` where the folder has another one. */
export const keep = (folder: string, seed: Redacted.Redacted<Uint8Array>): Effect.Effect<void, DeviceKeyError> =>
  Effect.suspend(() => {
    const path = keyFile(folder)
    const kept = attempt(path, () => readOrMake(resolve(folder), path, Redacted.value(seed)))
    return Effect.flatMap(kept, (known) =>
      Bytes.equals(known, Redacted.value(seed))
        ? Effect.void
        : Effect.fail(inaccessible(path, "another device's key is there already"))
    )
  })

/** Core's view of a seed. */
export const deviceKey = (seed: Redacted.Redacted<Uint8Array>): DeviceKey.DeviceKey["Service"] => {
  const signer = NodeCrypto.signerOf(Redacted.value(seed))
  return { ...signer, peer: PeerId.fromPublicKey(signer.publicKey) }
}

/** Core's DeviceKey and this package's DeviceSeed from a seed at hand. */
export const layerSeed = (seed: Redacted.Redacted<Uint8Array>) =>
  Layer.mergeAll(
    Layer.succeed(DeviceSeed, seed),
    Layer.effect(
      DeviceKey.DeviceKey,
      Effect.sync(() => deviceKey(seed))
    )
  )

/** Core's DeviceKey and this package's DeviceSeed from the folder's key file. */
export const layer = (folder: string) => Layer.unwrap(Effect.map(load(folder), layerSeed))

const attempt = <A>(path: string, body: () => A): Effect.Effect<A, DeviceKeyError> =>
  Effect.try({
    try: body,
    catch: (error) =>
      error instanceof DeviceKeyError
        ? error
        : inaccessible(path, error instanceof Error ? error.message : String(error))
  })

const inaccessible = (path: string, problem: string): DeviceKeyError =>
  new DeviceKeyError({ reason: new KeyInaccessible({ path, problem }) })

const readOrMake = (folder: string, path: string, fresh: Uint8Array): Uint8Array => {
  const known = read(path)
  if (known !== undefined) return known
  PrivateFolder.make(folder)
  make(folder, path, fresh)
  // What counts is the file: another process may have made it first.
  const made = read(path)
  if (made === undefined) throw new Error("the file vanished while it was made")
  return made
}

const read = (path: string): Uint8Array | undefined => {
  let seed: Buffer
  try {
    seed = readFileSync(path)
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  }
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    throw new DeviceKeyError({ reason: new KeyExposed({ path }) })
  }
  if (seed.length !== NodeCrypto.seedBytes) {
    const problem = `it has ${seed.length} bytes instead of ${NodeCrypto.seedBytes}`
    throw new DeviceKeyError({ reason: new KeyDamaged({ path, problem }) })
  }
  return new Uint8Array(seed)
}

/** Writes a new key beside its place, makes it durable and only then gives it its name. */
const make = (folder: string, path: string, seed: Uint8Array): void => {
  const random = NodeCrypto.functions.randomBytes(8)
  const temporary = `${path}.${Buffer.from(random).toString("hex")}.new`
  try {
    writeDurably(temporary, seed)
    publish(temporary, path)
    syncFolder(folder)
  } finally {
    rmSync(temporary, { force: true })
  }
}

const writeDurably = (path: string, bytes: Uint8Array): void => {
  const file = openSync(path, "wx", fileMode)
  try {
    writeSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  // The process's umask may have taken away more than it should, but never adds; this sets exactly owner access.
  chmodSync(path, fileMode)
}

/** A link fails when the name is taken, so of two processes one wins; a rename would replace the other's key. */
const publish = (temporary: string, path: string): void => {
  try {
    linkSync(temporary, path)
  } catch (error) {
    if (codeOf(error) === "EEXIST") return
    // File systems without hard links.
    renameSync(temporary, path)
  }
}

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | null)?.code
