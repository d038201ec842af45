/**
 * What the writer of the power-cut rig says of its journal, one JSON object a line: first what it is about to do, then
 * what it was told is durable. Whatever stands in a line must be on the disk when the power is cut after it.
 */

/** Where a journal stands in a peer's feed. */
export interface PeerCursor {
  readonly peer: string
  readonly incarnation: string
  readonly upto: number
}

export type Report =
  /** The journal is being opened; nothing is promised yet. */
  | { readonly kind: "starting" }
  | { readonly kind: "open"; readonly author: string }
  /** A peer's commits are being received; nothing is promised yet. */
  | { readonly kind: "offered"; readonly cursor: PeerCursor; readonly commits: ReadonlyArray<string> }
  | {
      readonly kind: "acknowledged"
      readonly commits: ReadonlyArray<readonly [lseq: number, commit: string]>
      /** Notes and the number that each holds. */
      readonly notes: ReadonlyArray<readonly [id: string, number: number]>
      readonly cursor?: PeerCursor
    }
  /** Commits as the feed gave them, which is what peers get: their bytes in base64. */
  | { readonly kind: "published"; readonly commits: ReadonlyArray<readonly [lseq: number, bytes: string]> }
  | { readonly kind: "closed" }

/** The whole lines of a text; a last one without its end was cut short. */
export const parse = (text: string): ReadonlyArray<Report> =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Report)
