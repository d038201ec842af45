/**
 * Devices that share folders: a journal each in memory, keys made of their numbers, and a gate that lets all that are known have
 * everything. Nothing runs by itself: a test says who looks when.
 */
import { createPrivateKey, createPublicKey, hash, randomBytes, sign, verify } from "node:crypto"
import { Compression, Crypto, DeviceKey, DeleteWatch, FileSeal, Gate, Journal } from "@syncline/core"
import { CloudStorage, MailboxState, MailboxSync, MemoryJournal, PeerId, SpaceId, StateHash } from "@syncline/core"
import type { EntityChange, Mailbox } from "@syncline/core"
import { Context, Effect, Layer, type Scope, Stream } from "effect"

const publicPrefix = Buffer.from("302a300506032b6570032100", "hex")
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex")

const functions: Crypto.CryptoFunctions = {
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

const space = SpaceId.fromName(functions.sha256, "folder tests")

const seedOf = (device: number): Uint8Array => new Uint8Array(32).fill(device)

const signerOf = (device: number) => {
  const der = Buffer.concat([privatePrefix, seedOf(device)])
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" })
  const spki = createPublicKey(key).export({ format: "der", type: "spki" })
  const publicKey = new Uint8Array(spki.subarray(publicPrefix.length))
  return {
    publicKey,
    peer: PeerId.fromPublicKey(publicKey),
    sign: (message: Uint8Array) => new Uint8Array(sign(null, message, key))
  }
}

const gateOf = (known: ReadonlyArray<PeerId.PeerId>): Gate.GateShape => {
  const decide = (allowed: boolean) => ({ allowed, rule: "test", policyVersion: 1, because: "the test says so" })
  const passes = (_: unknown, peer: PeerId.PeerId) => Effect.succeed(decide(known.includes(peer)))
  return {
    devices: Effect.succeed(known),
    admits: (peer) => Effect.succeed(decide(known.includes(peer))),
    canSend: passes,
    canReceive: passes,
    canRead: () => Effect.succeed(decide(true)),
    mustForget: () => Effect.undefined,
    accepts: () => Effect.succeed(decide(true)),
    givesWay: Effect.succeed(false),
    isRenumbered: Effect.succeed(false),
    isCustodian: () => Effect.succeed(true),
    canWrite: () => Effect.succeed(decide(true)),
    audit: () => Effect.void,
    changes: Stream.never
  }
}

export const note = (id: string, text: string): EntityChange.EntityChange => ({
  partition: { type: "note", header: {} },
  id,
  change: { kind: "put", lww: { text }, counters: {}, sets: {} }
})

/** A journal at a mailbox. */
export interface Device {
  readonly step: Effect.Effect<
    { readonly isNews: boolean; readonly hasWritten: boolean; readonly isWaiting: boolean },
    unknown
  >
  readonly peers: Effect.Effect<ReadonlyArray<MailboxSync.MailboxPeer>, unknown>
  readonly get: (id: string) => Effect.Effect<unknown, unknown>
  readonly write: (...changes: ReadonlyArray<EntityChange.EntityChange>) => Effect.Effect<unknown, unknown>
  readonly hash: Effect.Effect<unknown, unknown>
}

/** The services of a device. `known` are the numbers of all. */
const servicesOf = (device: number, known: ReadonlyArray<number>) => {
  const journal = MemoryJournal.layer({ space }).pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        Layer.succeed(Crypto.Crypto, functions),
        Compression.Compression.layerStored,
        Layer.succeed(DeviceKey.DeviceKey, signerOf(device))
      )
    )
  )
  return Layer.build(
    Layer.mergeAll(
      journal,
      Layer.succeed(Gate.Gate, gateOf(known.map((number) => signerOf(number).peer))),
      Layer.succeed(FileSeal.FileSeal, FileSeal.ofSeed(seedOf(device))),
      MailboxState.MailboxStore.layerMemory()
    )
  )
}

/** A device that asks a mailbox as a storage. */
export const storageOf = Effect.fnUntraced(function* (
  mailbox: Mailbox.Mailbox,
  device: number,
  known: ReadonlyArray<number>
): Effect.fn.Return<
  { readonly storage: CloudStorage.CloudStorageShape; readonly write: Device["write"] },
  unknown,
  Scope.Scope
> {
  const services = yield* servicesOf(device, known)
  const storage = yield* CloudStorage.open({ mailbox }).pipe(Effect.provide(services))
  const { write } = Context.get(services, Journal.Journal)
  return { storage, write: (...changes: ReadonlyArray<EntityChange.EntityChange>) => write(changes) }
})

/** A device at a mailbox, until the scope closes. `known` are the numbers of all. */
export const join = Effect.fnUntraced(function* (
  mailbox: Mailbox.Mailbox,
  device: number,
  known: ReadonlyArray<number>
): Effect.fn.Return<Device, unknown, Scope.Scope> {
  const services = yield* servicesOf(device, known)
  const { peers, step } = yield* MailboxSync.open({
    mailbox,
    aheadMsMax: 300_000,
    deleteLimits: DeleteWatch.defaultDeleteLimits,
    isPaused: () => false,
    notify: () => Effect.void
  }).pipe(Effect.provide(services))
  const { get, write } = Context.get(services, Journal.Journal)
  return {
    peers,
    step,
    get: (id: string) => get("note", id),
    write: (...changes: ReadonlyArray<EntityChange.EntityChange>) => write(changes),
    hash: StateHash.compute().pipe(Effect.provide(services))
  }
})
