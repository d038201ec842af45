/**
 * Watches hosts that must learn nothing and from which nothing may come in: a stranger all the time, a revoked node
 * while it is revoked. Such a host may send what it likes; it is sent proofs of identity and refusals only.
 */
import { Result } from "effect"
import { stored } from "../crypto/Compression.ts"
import * as Author from "../identity/Author.ts"
import type { HybridTime } from "../identity/HybridTime.ts"
import * as Commit from "../model/Commit.ts"
import * as FrameCodec from "../wire/FrameCodec.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"

/** What may be sent to such a host: proofs of identity and the code of a refusal. */
const mayGo = new Set(["Challenge", "ChallengeAck", "Error"])

/** What was there when a node was revoked. */
export interface Revoked {
  /** Its last stamp. */
  readonly since: HybridTime
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
  lookForCommits(author: SimulatedNode, { heads, since }: Revoked): void {
    for (const { head, node } of heads) {
      for (let lseq = head + 1; lseq <= node.tables.head(); lseq++) {
        const row = node.tables.commitAt(lseq)!
        if (Author.peer(node.tables.authorAt(row.author)) !== author.peer) continue
        const commit = Commit.open(row.bytes)
        if (typeof commit === "string" || commit.header.at <= since) continue
        this.leaks.push(`node ${node.options.host} took in what node ${author.options.host} wrote while not trusted`)
      }
    }
  }
}
