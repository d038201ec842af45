/**
 * Takes an export in that arrives over the network: kept in a file first, checked whole, then written, one at a time. An import that the
 * hub's end cut short leaves a note, which the doctor tells of. What an export is, `@syncline/node/hub` knows.
 */
import { createWriteStream, rmSync } from "node:fs"
import { join } from "node:path"
import { Readable, Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { Crypto, Journal, JournalError, Records, WriteError } from "@syncline/core"
import { type ExchangeError, HubStore, type HubStoreError, SpaceExchange } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer, Semaphore } from "effect"
import { because, type ImportError, ImportTooLarge, ImportUnderWay, ImportUnkept } from "./ImportError.ts"

/** Bytes of an export that the hub takes over the network; a larger one goes by `syncline space import`. */
export const importBytesMax = 2 ** 31

/** No backup holds a file with this ending. */
const arrivingName = "import.part"

/** In the store as long as records of an export are being written. */
const noteKey = "import-under-way"

type Failure =
  | ImportError
  | ExchangeError.ExchangeError
  | HubStoreError.HubStoreError
  | JournalError.JournalError
  | WriteError.WriteError

export interface ImportsShape {
  /**
   * Resolves once everything is durable and has the hash that the export says. Where whoever asked goes away before anything is written
   * nothing is; afterwards it is written to its end.
   */
  readonly takeIn: (
    file: Readable
  ) => Effect.Effect<SpaceExchange.Sum, Failure, Crypto.Crypto | Journal.Journal | Records.Records>
  /** When an import began that did not come to its end, in Unix milliseconds; `undefined` where there is none. */
  readonly brokenOffMs: Effect.Effect<number | undefined, HubStoreError.HubStoreError>
}

export class Imports extends Context.Service<Imports, ImportsShape>()("@syncline/server/exchange/Imports") {
  /** `bytesMax` is for tests. */
  static readonly layer = (
    dataFolder: string,
    bytesMax = importBytesMax
  ): Layer.Layer<Imports, never, HubStore.HubStore> =>
    Layer.effect(
      Imports,
      Effect.map(HubStore.HubStore, (store) => make(store, dataFolder, bytesMax))
    )
}

const make = (store: HubStore.HubStoreShape, dataFolder: string, bytesMax: number): ImportsShape => {
  const path = join(dataFolder, arrivingName)
  // What was arriving when the hub was killed: a copy of the space in the clear, which nothing else would ever take away.
  rmSync(path, { force: true })
  const oneByOne = Semaphore.makeUnsafe(1)
  let isUnderWay = false
  const note = store.read(({ settings }) => settings.get(noteKey))
  const once = Effect.fnUntraced(function* (file: Readable) {
    yield* keep(file, path, bytesMax)
    const sum = yield* SpaceExchange.check(path)
    const nowMs = yield* Clock.currentTimeMillis
    const writing = Effect.gen(function* () {
      isUnderWay = true
      yield* store.change(({ settings }) => settings.set(noteKey, String(nowMs)))
      yield* SpaceExchange.takeIn(path, sum)
      yield* store.change(({ settings }) => settings.remove(noteKey))
    })
    yield* Effect.uninterruptible(writing).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          isUnderWay = false
        })
      )
    )
    return sum
  })
  return {
    takeIn: (file) =>
      oneByOne
        .withPermitsIfAvailable(1)(Effect.ensuring(once(file), discard(path)))
        .pipe(
          Effect.flatMap((taken) =>
            taken._tag === "Some" ? Effect.succeed(taken.value) : Effect.fail(because(new ImportUnderWay()))
          )
        ),
    brokenOffMs: Effect.map(note, (beganMs) => (beganMs === undefined || isUnderWay ? undefined : Number(beganMs)))
  }
}

const discard = (path: string): Effect.Effect<void> => Effect.sync(() => rmSync(path, { force: true }))

/** Writes what arrives into a file that its owner alone reads. */
const keep = (file: Readable, path: string, bytesMax: number): Effect.Effect<void, ImportError> =>
  Effect.tryPromise({
    try: (signal) => pipeline(file, limited(bytesMax), createWriteStream(path, { mode: 0o600 }), { signal }),
    catch: (error) => {
      if (error instanceof TooMuch) return because(new ImportTooLarge({ bytesMax }))
      const { code, message } = error as NodeJS.ErrnoException
      return because(new ImportUnkept({ problem: code === "ENOSPC" ? "the disk is full" : message }))
    }
  })

class TooMuch extends Error {}

const limited = (bytesMax: number): Transform => {
  let bytes = 0
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length
      if (bytes > bytesMax) done(new TooMuch("more bytes than are taken"))
      else done(null, chunk)
    }
  })
}
