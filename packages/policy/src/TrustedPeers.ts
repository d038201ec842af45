/**
 * The peers that a person trusts, as a policy reads them: who they are now, and a word when that changes. Where the
 * list is kept (in the program, in a file) is its maker's business, and what trust allows is the policy's.
 */
import { PeerId } from "@syncline/core"
import { Stream } from "effect"

export interface TrustedPeers {
  /** Everyone trusted at this moment; another set object means that the answer may be another one. */
  readonly current: () => ReadonlySet<PeerId.PeerId>
  /** Emits after `current` changed. */
  readonly changes: Stream.Stream<void>
}

/** A list that stands in the program. Throws a `TypeError` for a text that is no peer id. */
export const fixed = (texts: ReadonlyArray<string>): TrustedPeers => {
  const peers = new Set(texts.map(parse))
  return { current: () => peers, changes: Stream.never }
}

const parse = (text: string): PeerId.PeerId => {
  if (PeerId.is(text)) return text
  throw new TypeError(`${JSON.stringify(text)} is no peer id; one looks like 12D3KooW… and has 52 characters`)
}
