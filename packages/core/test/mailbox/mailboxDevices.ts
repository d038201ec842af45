/**
 * Devices that share a mailbox of one process: a journal each, and a policy that the test says. Nothing runs by itself: a
 * test says who looks when.
 */
import { Effect, Layer, Stream } from "effect"
import { Charter, type CharterShape } from "../../src/charter/Charter.ts"
import * as FileSeal from "../../src/crypto/FileSeal.ts"
import { type AuditedAction, Gate, type GateShape } from "../../src/gate/Gate.ts"
import type { PeerId } from "../../src/identity/PeerId.ts"
import * as PeerIds from "../../src/identity/PeerId.ts"
import { defaultDeleteLimits } from "../../src/journal/DeleteWatch.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as CloudStorage from "../../src/mailbox/CloudStorage.ts"
import type { Mailbox } from "../../src/mailbox/Mailbox.ts"
import * as MailboxState from "../../src/mailbox/MailboxState.ts"
import * as MailboxSync from "../../src/mailbox/MailboxSync.ts"
import type { EntityChange } from "../../src/model/EntityChange.ts"
import { open, type Opened } from "../../src/testing/JournalFixture.ts"
import { layerDevice, seedOf, signerOf } from "../journal/nodeCrypto.ts"

const peersSoFar = new Map<number, PeerId>()

export const peerOf = (device: number): PeerId => {
  const peer = peersSoFar.get(device) ?? PeerIds.fromPublicKey(signerOf(device).publicKey)
  peersSoFar.set(device, peer)
  return peer
}

/** Who is known, and what of it may go to whom: records of type `secret` only to those in `secretTo`. */
export interface Rules {
  readonly known: Set<number>
  readonly secretTo: Set<number>
  /** Where what the policy is told for its audit is kept. */
  readonly audited?: Array<AuditedAction>
}

const gateOf = ({ audited, known, secretTo }: Rules): GateShape => {
  const decide = (allowed: boolean) => ({ allowed, rule: "test", policyVersion: 1, because: "the test says so" })
  const isKnown = (peer: PeerId) => [...known].some((device) => peerOf(device) === peer)
  const passes: GateShape["canSend"] = ({ type }, peer) =>
    Effect.sync(() => {
      const maySee = type !== "secret" || [...secretTo].some((device) => peerOf(device) === peer)
      return decide(isKnown(peer) && maySee)
    })
  return {
    devices: Effect.sync(() => [...known].map(peerOf)),
    admits: (peer) => Effect.sync(() => decide(isKnown(peer))),
    canSend: passes,
    canReceive: passes,
    canRead: () => Effect.succeed(decide(true)),
    mustForget: () => Effect.undefined,
    accepts: () => Effect.succeed(decide(true)),
    givesWay: Effect.succeed(false),
    isRenumbered: Effect.succeed(false),
    isCustodian: () => Effect.succeed(true),
    canWrite: () => Effect.succeed(decide(true)),
    audit: (entry) => Effect.sync(() => void audited?.push(entry)),
    changes: Stream.never
  }
}

export interface MailboxDevice {
  readonly journal: Opened
  readonly kept: Map<string, Uint8Array>
  readonly seal: FileSeal.FileSealShape
  readonly step: ReturnType<typeof opened> extends Effect.Effect<infer A, infer _E, infer _R>
    ? A extends { readonly step: infer S }
      ? S
      : never
    : never
  readonly peers: Effect.Effect<ReadonlyArray<MailboxSync.MailboxPeer>, unknown>
  readonly write: (...changes: ReadonlyArray<EntityChange>) => Effect.Effect<unknown, unknown>
}

const opened = (
  mailbox: Mailbox,
  device: number,
  journal: Opened,
  rules: Rules,
  kept: Map<string, Uint8Array>,
  seal: FileSeal.FileSealShape,
  charter: CharterShape | undefined
) =>
  MailboxSync.open({
    mailbox,
    aheadMsMax: 300_000,
    deleteLimits: defaultDeleteLimits,
    isPaused: () => false,
    notify: () => Effect.void
  }).pipe(Effect.provide(layerOf(journal, rules, kept, seal, charter)))

/** What a mailbox needs of a device. */
const layerOf = (
  journal: Opened,
  rules: Rules,
  kept: Map<string, Uint8Array>,
  seal: FileSeal.FileSealShape,
  charter?: CharterShape
) =>
  Layer.mergeAll(
    Layer.succeedContext(journal.services),
    Layer.succeed(Gate, gateOf(rules)),
    Layer.succeed(FileSeal.FileSeal, seal),
    MailboxState.MailboxStore.layerMemory(kept),
    charter === undefined ? Layer.empty : Layer.succeed(Charter, charter)
  )

/** The same as a storage that a test asks by itself. */
export const storageOf = Effect.fnUntraced(function* (
  mailbox: Mailbox,
  device: number,
  rules: Rules,
  journal: Opened,
  kept = new Map<string, Uint8Array>()
) {
  const layer = layerOf(journal, rules, kept, FileSeal.ofSeed(seedOf(device)))
  return yield* CloudStorage.open({ mailbox }).pipe(Effect.provide(layer))
})

export const makeJournal = (device: number) =>
  open(
    (number, ofSpace) => MemoryJournal.layer({ space: ofSpace }).pipe(Layer.provideMerge(layerDevice(number))),
    device
  )

/** A device at a mailbox, until the scope closes. */
export const join = Effect.fnUntraced(function* (
  mailbox: Mailbox,
  device: number,
  rules: Rules,
  of: Partial<Pick<MailboxDevice, "journal" | "kept">> & {
    readonly charter?: CharterShape
    readonly seal?: FileSeal.FileSealShape
  } = {}
) {
  const journal = of.journal ?? (yield* makeJournal(device))
  const kept = of.kept ?? new Map<string, Uint8Array>()
  const seal = of.seal ?? FileSeal.ofSeed(seedOf(device))
  const { peers, step } = yield* opened(mailbox, device, journal, rules, kept, seal, of.charter)
  const made: MailboxDevice = {
    journal,
    kept,
    seal,
    step,
    peers,
    write: (...changes) => journal.write(changes)
  }
  return made
})
