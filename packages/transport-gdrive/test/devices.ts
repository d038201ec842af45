/**
 * Devices of one account that share a mailbox at the fake: a journal each, and a policy that lets all through. Nothing runs by
 * itself: a test says who looks when.
 */
import {
  Compression,
  Crypto,
  DeleteWatch,
  DeviceKey,
  FileSeal,
  Gate,
  Journal,
  type Mailbox,
  MailboxState,
  MailboxSync,
  MemoryJournal,
  PeerId,
  type SpaceId,
  StateHash
} from "@syncline/core"
import { Context, Effect, Layer, type Scope, Stream } from "effect"
import { createPrivateKey, createPublicKey, hash, randomBytes, sign, verify } from "node:crypto"

const space = "00112233445566778899aabbccddeeff" as SpaceId.SpaceId
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex")
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex")

const functions: Crypto.CryptoFunctions = {
  sha256: (bytes) => new Uint8Array(hash("sha256", bytes, "buffer")),
  verify: (publicKey, message, signature) => {
    const key = Buffer.concat([publicPrefix, publicKey])
    return verify(null, message, createPublicKey({ key, format: "der", type: "spki" }), signature)
  },
  randomBytes: (length) => new Uint8Array(randomBytes(length))
}

const seedOf = (device: number): Uint8Array => new Uint8Array(32).fill(device)

const keyOf = (device: number) => {
  const key = createPrivateKey({
    key: Buffer.concat([privatePrefix, seedOf(device)]),
    format: "der",
    type: "pkcs8"
  })
  const publicKey = new Uint8Array(
    createPublicKey(key).export({ format: "der", type: "spki" }).subarray(publicPrefix.length)
  )
  return {
    publicKey,
    peer: PeerId.fromPublicKey(publicKey),
    sign: (message: Uint8Array) => new Uint8Array(sign(null, message, key))
  }
}

const gateOf = (known: ReadonlyArray<PeerId.PeerId>): Gate.GateShape => {
  const allowed = { allowed: true, rule: "test", policyVersion: 1, because: "the test says so" }
  const yes = () => Effect.succeed(allowed)
  return {
    devices: Effect.succeed(known),
    admits: yes,
    canSend: yes,
    canReceive: yes,
    canRead: yes,
    mustForget: () => Effect.undefined,
    accepts: yes,
    givesWay: Effect.succeed(false),
    isRenumbered: Effect.succeed(false),
    isCustodian: () => Effect.succeed(true),
    canWrite: yes,
    audit: () => Effect.void,
    changes: Stream.never
  }
}

export interface Device {
  /** One look at the mailbox and what follows from it. */
  readonly step: Effect.Effect<unknown, unknown>
  readonly write: (id: string, text: string) => Effect.Effect<unknown, unknown>
  readonly state: Effect.Effect<StateHash.StateHash, unknown>
}

/** One of the devices 1 to `count`, until the scope closes. */
export const join = Effect.fnUntraced(function* (
  mailbox: Mailbox.Mailbox,
  device: number,
  count: number,
  /** What it remembers of its mailboxes. */
  kept = new Map<string, Uint8Array>()
): Effect.fn.Return<Device, unknown, Scope.Scope> {
  const key = keyOf(device)
  const services = yield* Layer.build(
    MemoryJournal.layer({ space }).pipe(
      Layer.provideMerge(
        Layer.mergeAll(
          Layer.succeed(Crypto.Crypto, functions),
          Compression.Compression.layerStored,
          Layer.succeed(DeviceKey.DeviceKey, key)
        )
      )
    )
  )
  const others = Array.from({ length: count }, (_, i) => keyOf(i + 1).peer)
  const { step } = yield* MailboxSync.open({
    mailbox,
    aheadMsMax: 300_000,
    deleteLimits: DeleteWatch.defaultDeleteLimits,
    isPaused: () => false,
    notify: () => Effect.void
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        Layer.succeedContext(services),
        Layer.succeed(Gate.Gate, gateOf(others)),
        Layer.succeed(FileSeal.FileSeal, FileSeal.ofSeed(seedOf(device))),
        MailboxState.MailboxStore.layerMemory(kept)
      )
    )
  )
  const journal = Context.get(services, Journal.Journal)
  return {
    step,
    write: (id: string, text: string) =>
      journal.write([
        { partition: { type: "note", header: {} }, id, change: { kind: "put", lww: { text }, counters: {}, sets: {} } }
      ]),
    state: StateHash.compute().pipe(Effect.provide(services))
  }
})
