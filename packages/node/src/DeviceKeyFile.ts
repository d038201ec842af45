/**
 * The device's private key as a file: the 32-byte Ed25519 seed in `<folder>/device.key`, readable by its owner only, as it
 * is or under a passphrase. It is made once and never replaced by another one. Without a passphrase whoever reads the file
 * is the device.
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
import { Bytes, DeviceKey, FileSeal, KeyWrap, PeerId } from "@syncline/core"
import { Context, Effect, Layer, Redacted } from "effect"
import { syncFolder } from "./FolderSync.ts"
import {
  DeviceKeyError,
  KeyDamaged,
  KeyExposed,
  KeyInaccessible,
  KeyLocked,
  PassphraseUnfit,
  PassphraseWrong
} from "./DeviceKeyError.ts"
import * as KeyEnvelope from "./KeyEnvelope.ts"
import * as NodeCrypto from "./NodeCrypto.ts"
import * as PassphraseKey from "./PassphraseKey.ts"
import * as PrivateFolder from "./PrivateFolder.ts"

const fileMode = 0o600

export type Seed = Redacted.Redacted<Uint8Array>

/** The key in the form that another thread of this process can build a signer from. It never leaves the process. */
export class DeviceSeed extends Context.Service<DeviceSeed, Seed>()("@syncline/node/DeviceSeed") {}

/** Whoever is asked for the passphrase of a key file; `undefined` when there is none to give. */
export type AskPassphrase = (path: string) => Effect.Effect<Redacted.Redacted<string> | undefined>

/** What opens a key that is under a passphrase. It is asked only where a key is. */
export const KeyPassphrase = Context.Reference<AskPassphrase>("@syncline/node/KeyPassphrase", {
  defaultValue: () => () => Effect.succeed(undefined)
})

/** The key file of a folder. */
export const keyFile = (folder: string): string => join(resolve(folder), "device.key")

/**
 * Reads the folder's seed, or makes one when there is none. One under a passphrase takes `KeyPassphrase`, a tenth of a
 * second and 64 MiB; fails with `KeyLocked` without it and with `PassphraseWrong` when it is another one.
 */
export const load = (folder: string): Effect.Effect<Seed, DeviceKeyError> =>
  Effect.suspend(() => {
    const path = keyFile(folder)
    const fresh = NodeCrypto.functions.randomBytes(NodeCrypto.seedBytes)
    return Effect.flatMap(
      attempt(path, () => readOrMake(resolve(folder), path, fresh)),
      (file) => seedOf(path, file)
    )
  })

/** True for a folder whose key is under a passphrase. */
export const isProtected = (folder: string): Effect.Effect<boolean, DeviceKeyError> =>
  attempt(keyFile(folder), () => {
    const file = read(keyFile(folder))
    return file !== undefined && KeyEnvelope.isEnvelope(file)
  })

/**
 * Puts the folder's key under a passphrase, under another one, or under none. The key stays what it is, and a node that
 * runs goes on. Fails with `PassphraseUnfit` and as `load` does; then the file is as it was.
 */
export const protect = Effect.fnUntraced(function* (
  folder: string,
  passphrase: Redacted.Redacted<string> | undefined
): Effect.fn.Return<void, DeviceKeyError> {
  const path = keyFile(folder)
  const problem = passphrase === undefined ? undefined : PassphraseKey.problem(passphrase)
  if (problem !== undefined) return yield* failed(new PassphraseUnfit({ problem }))
  const seed = yield* load(folder)
  const file = passphrase === undefined ? Redacted.value(seed) : Bytes.utf8(yield* KeyEnvelope.seal(seed, passphrase))
  yield* attempt(path, () => replace(resolve(folder), path, file))
})

/** A new seed that is kept nowhere yet, for a device that may never come to be. */
export const draw: Effect.Effect<Seed> = Effect.sync(() =>
  Redacted.make(NodeCrypto.functions.randomBytes(NodeCrypto.seedBytes), { label: "device seed" })
)

/** Keeps a seed as the folder's key. Fails with `KeyInaccessible` where the folder has another one. */
export const keep = Effect.fnUntraced(function* (folder: string, seed: Seed): Effect.fn.Return<void, DeviceKeyError> {
  const path = keyFile(folder)
  const file = yield* attempt(path, () => readOrMake(resolve(folder), path, Redacted.value(seed)))
  const known = yield* seedOf(path, file)
  if (Bytes.equals(Redacted.value(known), Redacted.value(seed))) return
  return yield* Effect.fail(inaccessible(path, "another device's key is there already"))
})

/** Core's view of a seed. */
export const deviceKey = (seed: Seed): DeviceKey.DeviceKey["Service"] => {
  const signer = NodeCrypto.signerOf(Redacted.value(seed))
  return { ...signer, peer: PeerId.fromPublicKey(signer.publicKey) }
}

/** Core's DeviceKey and what opens keys and files for it, and this package's DeviceSeed, from a seed at hand. */
export const layerSeed = (seed: Seed) =>
  Layer.mergeAll(
    Layer.succeed(DeviceSeed, seed),
    Layer.effect(
      KeyWrap.DeviceKeyOpener,
      Effect.sync(() => KeyWrap.openerOf(Redacted.value(seed)))
    ),
    Layer.effect(
      FileSeal.FileSeal,
      Effect.sync(() => FileSeal.ofSeed(Redacted.value(seed)))
    ),
    Layer.effect(
      DeviceKey.DeviceKey,
      Effect.sync(() => deviceKey(seed))
    )
  )

/** Core's DeviceKey and this package's DeviceSeed from the folder's key file, which may be under this passphrase. */
export const layer = (folder: string, passphrase?: Redacted.Redacted<string>) => {
  const seed = load(folder)
  const opened =
    passphrase === undefined ? seed : Effect.provideService(seed, KeyPassphrase, () => Effect.succeed(passphrase))
  return Layer.unwrap(Effect.map(opened, layerSeed))
}

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

const failed = (reason: DeviceKeyError["reason"]) => Effect.fail(new DeviceKeyError({ reason }))

const seedOf = Effect.fnUntraced(function* (path: string, file: Uint8Array): Effect.fn.Return<Seed, DeviceKeyError> {
  if (!KeyEnvelope.isEnvelope(file)) return Redacted.make(file, { label: "device seed" })
  const ask = yield* KeyPassphrase
  const passphrase = yield* ask(path)
  if (passphrase === undefined) return yield* failed(new KeyLocked({ path }))
  const opened = yield* KeyEnvelope.open(file, passphrase)
  if (opened === "wrong") return yield* failed(new PassphraseWrong({ path }))
  if (opened === "damaged") {
    return yield* failed(new KeyDamaged({ path, problem: "it is neither a key nor one under a passphrase" }))
  }
  return opened.seed
})

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
  let file: Buffer
  try {
    file = readFileSync(path)
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  }
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    throw new DeviceKeyError({ reason: new KeyExposed({ path }) })
  }
  if (file.length !== NodeCrypto.seedBytes && !KeyEnvelope.isEnvelope(file)) {
    const problem = `it has ${file.length} bytes instead of ${NodeCrypto.seedBytes}`
    throw new DeviceKeyError({ reason: new KeyDamaged({ path, problem }) })
  }
  return new Uint8Array(file)
}

/** Writes a new key beside its place, makes it durable and only then gives it its name. */
const make = (folder: string, path: string, seed: Uint8Array): void => place(folder, path, seed, publish)

const replace = (folder: string, path: string, file: Uint8Array): void => place(folder, path, file, renameSync)

const place = (folder: string, path: string, file: Uint8Array, name: (from: string, to: string) => void): void => {
  const random = NodeCrypto.functions.randomBytes(8)
  const temporary = `${path}.${Buffer.from(random).toString("hex")}.new`
  try {
    writeDurably(temporary, file)
    name(temporary, path)
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
