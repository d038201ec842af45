/**
 * One hash over everything an application can read in a space. Two replicas with the same records have the same hash,
 * whatever order the events came in; it is independent of the clocks that fingerprints are made of.
 */
import { Effect } from "effect"
import { Crypto } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import { canonicalText } from "../model/FieldValue.ts"
import { type EntityView, Journal } from "./Journal.ts"

const pageRows = 500

export interface StateHash {
  /** SHA-256 in hexadecimal. */
  readonly hash: string
  /** Live entities. */
  readonly count: number
}

type Sha256 = Crypto["Service"]["sha256"]

/** The hash over no entities. */
export const none = (sha256: Sha256): Uint8Array => sha256(Bytes.utf8("syncline/state/v1"))

/** The hash over one live entity more, in the order of `scan`. */
export const add = (
  sha256: Sha256,
  hash: Uint8Array,
  { fields, id, type }: Pick<EntityView, "type" | "id" | "fields">
): Uint8Array => sha256(Bytes.concat(hash, Bytes.utf8(`${JSON.stringify([type, id])}${canonicalText(fields)}`)))

/** Reads the whole space page by page; memory does not grow with it. */
export const compute = Effect.fnUntraced(function* () {
  const journal = yield* Journal
  const { sha256 } = yield* Crypto
  let hash = none(sha256)
  let count = 0
  let after: Parameters<typeof journal.scan>[0]
  for (;;) {
    const page = yield* journal.scan(after, pageRows)
    for (const entity of page) {
      if (entity.isDeleted) continue
      hash = add(sha256, hash, entity)
      count++
    }
    if (page.length < pageRows) return { hash: Bytes.toHex(hash), count } satisfies StateHash
    after = page[page.length - 1]!
    yield* Effect.yieldNow
  }
})
