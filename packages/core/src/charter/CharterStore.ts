/**
 * Where the records of a charter lie: an append-only list of bytes, those that count and their rivals, in the order in
 * which they came. It knows nothing of what they say.
 */
import { Context, Effect, Layer } from "effect"
import type { JournalError } from "../journal/JournalError.ts"

export interface CharterStoreShape {
  /** Where they lie, for people. */
  readonly path: string
  /** All records, in order. */
  readonly load: Effect.Effect<ReadonlyArray<Uint8Array>, JournalError>
  /** Adds records behind the others, all or none. Resolves once they are durable. */
  readonly append: (records: ReadonlyArray<Uint8Array>) => Effect.Effect<void, JournalError>
}

export class CharterStore extends Context.Service<CharterStore, CharterStoreShape>()(
  "@syncline/core/charter/CharterStore"
) {
  /** Records in the given list, which outlives the service. `path`: where they were taken from. */
  static readonly layerMemory = (records: Array<Uint8Array> = [], path = "the memory") =>
    Layer.succeed(CharterStore, {
      path,
      load: Effect.sync(() => [...records]),
      append: (fresh) => Effect.sync(() => void records.push(...fresh))
    })
}
