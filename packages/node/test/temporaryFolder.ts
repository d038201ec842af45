/**
 * Folders for one test each, removed with its scope; and journals in them, of devices that are named by numbers.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Journal, type JournalError, type KeyRing, SpaceId } from "@syncline/core"
import type { JournalConformance } from "@syncline/core/testing"
import { Effect, Layer, Redacted, type Scope } from "effect"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import * as NodeCompression from "../src/NodeCompression.ts"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import * as SqliteJournal from "../src/SqliteJournal.ts"

export const space = SpaceId.fromName(NodeCrypto.functions.sha256, "node tests")

export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "syncline-test-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

export const seedOf = (device: number) => Redacted.make(new Uint8Array(32).fill(device))

/** A device's journal in a folder, with everything else that a journal's user needs. */
export const layerJournal = (
  folder: string,
  device = 1,
  ofSpace = space,
  held?: KeyRing.HeldKeys
): Layer.Layer<JournalConformance.JournalServices, JournalError.JournalError> =>
  SqliteJournal.layer({ folder, space: ofSpace, held }).pipe(
    Layer.provideMerge(Layer.mergeAll(DeviceKeyFile.layerSeed(seedOf(device)), NodeCrypto.layer, NodeCompression.layer))
  )

/** A device's journal, open until the scope closes. */
export const openJournal = (
  folder: string,
  device = 1,
  ofSpace = space
): Effect.Effect<Journal.JournalShape, JournalError.JournalError, Scope.Scope> =>
  SqliteJournal.make({ folder, space: ofSpace }).pipe(Effect.provide(DeviceKeyFile.layerSeed(seedOf(device))))
