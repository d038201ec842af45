/**
 * What an inviting device remembers of its pairings, as a file beside its key: `<folder>/pairing.json`, in which the secret of
 * an open code stands for its five minutes. Attempts must not be forgotten by damage, so a file that cannot be read stays as it
 * is.
 */
import { join, resolve } from "node:path"
import { PairingError, PairingStore, PairingWindow } from "@syncline/core/pairing"
import { Layer, type Schema } from "effect"
import * as GuardedState from "../GuardedState.ts"

/** A larger file is none of this program's. */
const fileBytesMax = 64 * 1024

/** The file in a folder. */
export const pairingFile = (folder: string): string => join(resolve(folder), "pairing.json")

/** Core's store in a folder's file. */
export const layer = (folder: string): Layer.Layer<PairingStore.PairingStore> =>
  Layer.sync(PairingStore.PairingStore, () => storeOf(pairingFile(folder)))

const storeOf = (path: string): PairingStore.PairingStoreShape =>
  GuardedState.make({
    path,
    schema: PairingWindow.PairingState as Schema.Codec<PairingWindow.PairingState, unknown>,
    empty: PairingWindow.empty,
    bytesMax: fileBytesMax,
    foreign: "it holds no pairings of this version; remove it, and all codes are forgotten",
    failed: (problem) => PairingError.because(new PairingError.PairingStoreFailed({ place: path, problem }))
  })
