/**
 * Watches hosts that must learn nothing and from which nothing may come in: a stranger all the time, a revoked node
 * while it is revoked. Such a host may send what it likes; it is sent proofs of identity and refusals only.
 */
import { Result } from "effect"
import { stored } from "../crypto/Compression.ts"
import * as Author from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import { quarantineCommitsMax } from "../journal/Quarantine.ts"
import * as Commit from "../model/Commit.ts"
import * as FrameCodec from "../wire/FrameCodec.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"

/** What may be sent to such a host: proofs of identity and the code of a refusal. */
const mayGo = new Set(["Challenge", "ChallengeAck", "Error"])

/** What was there when a node was revoked. */
export interface Revoked {
  /** Ids of the commits that it, or a copy of it, had written by then. */
  readonly written: ReadonlySet<string>
  /** The others' newest arrival numbers. */
  readonly heads: ReadonlyArray<{ readonly node: SimulatedNode; readonly head: number }>
}

export class LeakWatch {
  readonly leaks: Array<string> = []
  readonly #watched = new Map<number, number>()

  /** Nothing may pass from now on, but for what is sent in this very millisecond. */
  start(host: number, nowMs: number): void {
    this.#watched.set(host, nowMs)
  }

  stop(host: number): void {
    this.#watched.delete(host)
  }

  /** Looks at a frame that is sent. */
  look(from: number, to: number, frame: Uint8Array, nowMs: number): void {
    const sinceMs = this.#watched.get(to)
    if (sinceMs === undefined || nowMs <= sinceMs) return
    const decoded = FrameCodec.decode(stored, frame)
    if (Result.isFailure(decoded)) return void this.leaks.push(`${from}>${to}: a frame that cannot be read`)
    const { message } = decoded.success
    if (!mayGo.has(message._tag)) this.leaks.push(`${from}>${to}: ${message._tag}`)
    else if (message._tag === "Error" && message.detail !== "") this.leaks.push(`${from}>${to}: ${message.detail}`)
  }

  /** Looks for commits in the rows of others that a node made after it was revoked. */
  lookForCommits(author: SimulatedNode, { heads, written }: Revoked): void {
    for (const { head, node } of heads) {
      for (const commit of commitsBy(author.peer, node, head)) {
        if (written.has(commit)) continue
        this.leaks.push(`node ${node.options.host} took in what node ${author.options.host} wrote while not trusted`)
      }
    }
  }
}

/**
 * Ids of the commits of an author in a node's rows and in its quarantine: a commit that comes again in parts, or whole
 * after a part, is the same.
 */
export const commitsBy = (
  author: PeerId,
  { options: { crypto }, tables }: SimulatedNode,
  after: number
): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let lseq = after + 1; lseq <= tables.head(); lseq++) {
    const row = tables.commitAt(lseq)!
    if (row.events > 0 && Author.peer(tables.authorAt(row.author)) === author)
      found.push(Commit.idOf(crypto, row.bytes)!)
  }
  if (after > 0) return found
  for (const { id } of tables.quarantine(0, quarantineCommitsMax)) {
    const row = tables.quarantineRow(id)!
    if (row.author !== "" && Author.peer(row.author as Author.Author) === author) found.push(id)
  }
  return found
}
