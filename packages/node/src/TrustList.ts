/**
 * The text of a list of trusted peers: one peer id a line, `#` begins a comment, empty lines are nothing. Changes keep
 * every other line as its writer left it. It reads and writes no files.
 */
import { PeerId } from "@syncline/core"

export interface TrustList {
  readonly peers: ReadonlySet<PeerId.PeerId>
  /** Lines that hold something else than a peer id, counted from 1. They grant nothing. */
  readonly invalid: ReadonlyArray<{ readonly line: number; readonly text: string }>
}

export const parse = (text: string): TrustList => {
  const peers = new Set<PeerId.PeerId>()
  const invalid: Array<{ readonly line: number; readonly text: string }> = []
  for (const [index, line] of text.split("\n").entries()) {
    const word = wordOf(line)
    if (PeerId.is(word)) peers.add(word)
    else if (word !== "") invalid.push({ line: index + 1, text: word.slice(0, shownMax) })
  }
  return { peers, invalid }
}

/** The text with one more peer at its end. */
export const withPeer = (text: string, peer: PeerId.PeerId, comment: string | undefined): string => {
  const begun = text === "" || text.endsWith("\n") ? text : `${text}\n`
  // A line break in a comment would begin a line of its own.
  const remark = comment === undefined ? "" : ` # ${comment.replaceAll(/\s+/g, " ").trim()}`
  return `${begun}${peer}${remark}\n`
}

/** The text without the lines of one peer. */
export const withoutPeer = (text: string, peer: PeerId.PeerId): string =>
  text
    .split("\n")
    .filter((line) => wordOf(line) !== peer)
    .join("\n")

const shownMax = 80

const wordOf = (line: string): string => line.split("#", 1)[0]!.trim()
