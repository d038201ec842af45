/**
 * What a charter promises to everything else, and what it is told when it is made: types only. What it does, `Charter` and what is
 * behind it do.
 */
import type { Effect, Stream } from "effect"
import type { SpaceId } from "../identity/SpaceId.ts"
import type { JournalError } from "../journal/JournalError.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type * as CharterError from "./CharterError.ts"
import type * as CharterFold from "./CharterFold.ts"
import type { CharterOperation, Named } from "./CharterOperation.ts"
import type * as CharterRecord from "./CharterRecord.ts"
import type { CharterState } from "./CharterState.ts"

/** What a record says beside what it does. */
export interface Wording {
  /** The person in whose name this device signs, at most 128 characters. */
  readonly behalf?: string
  /** Why, at most 512 characters. */
  readonly note?: string
  /** The version that the charter must have, or nothing is written and it fails with `CharterMoved`. */
  readonly expectedVersion?: number
  /**
   * The digest that the charter must have, 32 hexadecimal digits; otherwise the same. Without a hub a version may come to mean
   * other records than it did.
   */
  readonly expectedDigest?: string
}

/** A version and its record: with a few of them two charters find where they part. */
export type Mark = readonly [version: number, id: CharterRecord.RecordId]

/** What one charter tells another of what it has. */
export interface Known {
  /** Of the records that count: the head, then ever further back, at most 64. */
  readonly marks: ReadonlyArray<Mark>
  /** The records that do not count, at most 1,024. Elsewhere, or later, they may. */
  readonly rivals: ReadonlyArray<CharterRecord.RecordId>
}

/** What came of records from somebody else. */
export interface Received {
  /** Records that were new. */
  readonly added: number
  /** Something stands behind a record that is not known here. */
  readonly isMissing: boolean
  readonly refused: ReadonlyArray<RefusedRecord>
  /** Records that were handed to this hub and count now, with its receipt. */
  readonly takenIn: ReadonlyArray<Uint8Array>
  /** Ids of those that are known here now, new or not. */
  readonly here: ReadonlyArray<CharterRecord.RecordId>
}

/** A record that counts nowhere. */
export interface RefusedRecord {
  readonly problem: string
  /** What it would have done, as far as it could be read and was signed as it says. */
  readonly operations: ReadonlyArray<CharterOperation["_tag"]>
}

export interface CharterShape {
  /** What counts now; version 0 when no record is known. */
  readonly state: () => CharterState
  /** What counted after a version; `undefined` beyond the present one. */
  readonly stateAt: (version: number) => CharterState | undefined
  /**
   * Writes a record that does all of this, or none. In a space with a hub the hub takes it in: it fails with
   * `CharterElsewhere` when the hub has not within 10 s.
   */
  readonly write: (
    operations: ReadonlyArray<CharterOperation>,
    wording?: Wording
  ) => Effect.Effect<CharterState, CharterError.CharterError>
  /** What the charter would say after operations of this device, or why they may not be done. Nothing is written. */
  readonly foresee: (
    operations: ReadonlyArray<CharterOperation>
  ) => Effect.Effect<CharterState, CharterError.CharterError>
  /** A record of this device that waits for the hub to take it in. */
  readonly offered: () => Uint8Array | undefined
  /** Takes in records, whoever brings them: their signatures say who wrote them. */
  readonly receive: (records: ReadonlyArray<Uint8Array>) => Effect.Effect<Received, JournalError>
  readonly known: () => Known
  /**
   * What a peer that is not let in may be told of it: where it was removed, the marks up to there and the rivals that it has
   * signed itself.
   */
  readonly knownTo: (peer: PeerId) => Known
  /** The records that are known and do not count, each behind what it stands behind. */
  readonly rivals: () => ReadonlyArray<CharterRecord.CharterRecord>
  /** Records that count, the newest first: those of versions below `before`, or the newest; at most `limit`, 1 to 1,000. */
  readonly records: (limit: number, before?: number) => ReadonlyArray<CharterRecord.CharterRecord>
  /** 16 bytes that are equal where the same records count in the same order. */
  readonly digest: () => Uint8Array
  /** Records that somebody lacks who knows that much: first what counts, with what it needs; about `bytesMax` bytes, at least one. */
  readonly beyond: (known: Known, bytesMax: number) => ReadonlyArray<Uint8Array>
  /** Emits after the charter changed. A subscriber that lags behind sees the newest only. */
  readonly changes: Stream.Stream<CharterState>
  /** Emits after records came, also where none of them counts. */
  readonly arrivals: Stream.Stream<void>
}

/** Why a team or role may not be removed while a policy document is in force, or nothing. */
export type RemovalCheck = (text: string, removed: Named<"RemoveTeam" | "RemoveRole">) => string | undefined

export interface CharterOptions {
  readonly space: SpaceId
  /**
   * Why a policy document that this device is to put in force cannot be read, or nothing; asked before a record is signed, also
   * of one that was in force before. Documents of others are not asked about: a later version may read what this one cannot,
   * and a charter that depended on the reader would be another one here.
   */
  readonly policyProblem: (text: string) => string | undefined
  /**
   * What is wrong with a document that this device is to put in force for the first time, or nothing. What is in the charter
   * is not asked about again: neither a team that goes nor a stricter version of the program takes a document out of force.
   */
  readonly draftProblem?: CharterFold.PolicyCheck | undefined
  /**
   * What is wrong in a sealed space with a document that is in force behind a record of this device, or nothing: who judges
   * by it cannot look into contents.
   */
  readonly sealedProblem?: ((text: string) => string | undefined) | undefined
  /**
   * Asked before a record is signed that removes a team or role here, of the document that is in force behind it. Records of
   * others are not asked about.
   */
  readonly removalProblem?: RemovalCheck | undefined
}
