/**
 * What the events of a commit say, with the contents of a sealed one where this device has the key. Without it, or where
 * nothing sound was sealed, an event stands for itself: it is kept, counted and passed on, and changes no field.
 */
import type { CompressionFunctions } from "../crypto/Compression.ts"
import type { KeyFinder } from "../crypto/KeyRing.ts"
import type { KeyId } from "../crypto/SpaceKey.ts"
import * as Commit from "../model/Commit.ts"
import * as Event from "../model/Event.ts"
import * as Limits from "../model/Limits.ts"
import type { NodeBudget } from "../model/MessagePackScan.ts"

export interface ReadingContext {
  readonly compression: CompressionFunctions
  readonly keys: KeyFinder
}

/**
 * Whether the contents are there: `plain` ones always, `opened` ones by the key. `locked` ones lack the key here, `newer`
 * ones are of a later version; `broken` ones were never sealed as they should, and nobody will ever read them.
 */
export type Contents = "plain" | "opened" | "locked" | "newer" | "broken"

export interface ReadEvents {
  readonly decoded: ReadonlyArray<Event.Event>
  readonly contents: Contents
}

/** The contents of all events of a sealed commit, by their places, or why they are not there. */
export const contentsOf = (
  { compression, keys }: ReadingContext,
  commit: Commit.PackedCommit
): ReadonlyArray<Uint8Array | null> | Exclude<Contents, "opened"> => {
  if (commit.header.seal === undefined) return "plain"
  const key = keys.find(commit.header.seal.key)
  if (key === undefined) return "locked"
  return Commit.openContents(compression, key, commit) ?? "broken"
}

/** The events at these places, or the sentence that says what is wrong with what stands in the clear. */
export const read = (
  context: ReadingContext,
  commit: Commit.PackedCommit,
  { events, places }: Pick<Commit.CommitEvents, "events" | "places">,
  budget: NodeBudget = { nodes: Limits.commitNodesMax }
): ReadEvents | string => {
  const { authors } = commit.header
  const decoded: Array<Event.Event> = []
  for (const bytes of events) {
    const event = Event.decode(bytes, authors.length, budget)
    if (typeof event === "string") return event
    if (commit.sealed !== undefined && !Event.isOutline(event)) return "a sealed commit has contents in the clear"
    decoded.push(event)
  }
  const contents = contentsOf(context, commit)
  if (typeof contents === "string") return { decoded, contents }
  return withContents(decoded, contents, places, authors.length)
}

/**
 * Each event's contents are judged by themselves, so that a part is read as the whole is. What is of a later version is left
 * alone with all of its commit, until an update.
 */
const withContents = (
  outlines: ReadonlyArray<Event.Event>,
  contents: ReadonlyArray<Uint8Array | null>,
  places: ReadonlyArray<number>,
  authors: number
): ReadEvents => {
  const decoded: Array<Event.Event> = []
  let isBroken = false
  for (const [index, event] of outlines.entries()) {
    const whole = Event.withContents(event, contents[places[index]!], authors)
    if (whole === Event.newer) return { decoded: outlines, contents: "newer" }
    isBroken ||= whole === "broken"
    decoded.push(whole === "broken" ? event : whole)
  }
  return { decoded, contents: isBroken ? "broken" : "opened" }
}

/** The key that a commit lacks, by which it is found again; `undefined` for one that can be read, or never will be. */
export const lackedKey = ({
  contents,
  packed
}: {
  readonly contents: Contents
  readonly packed: Commit.PackedCommit
}): KeyId | undefined => (isLacking(contents) ? packed.header.seal?.key : undefined)

/** Contents that may be read later. */
export const isLacking = (contents: Contents): boolean => contents === "locked" || contents === "newer"
