/**
 * Looks at every frame when it is sent: no commit may be in it that its receiver may not have, by the charter that the
 * sender had told it of over this way, or by any that the sender knows since.
 */
import { type Charter, Commit, Compression, FrameCodec, Partition, type PeerId } from "@syncline/core"
import { Result } from "effect"
import { may } from "../referenceTeam.ts"

interface Watched {
  readonly node: { readonly peer: PeerId.PeerId }
  readonly charter: Charter.CharterShape | undefined
}

export class WireWatch {
  readonly leaks: Array<string> = []
  commits = 0
  readonly #nodes: ReadonlyArray<Watched>
  /** Version of the sender's charter when it last said something of it, by the way. */
  readonly #told = new Map<string, number>()

  constructor(nodes: ReadonlyArray<Watched>) {
    this.#nodes = nodes
  }

  look(from: number, to: number, frame: Uint8Array): void {
    const decoded = FrameCodec.decode(Compression.stored, frame)
    const charter = this.#nodes[from]!.charter
    if (Result.isFailure(decoded) || charter === undefined) return
    const { message } = decoded.success
    const way = `${from}>${to}`
    const now = charter.state().version
    if (message._tag === "CharterSync" || message._tag === "Hello" || message._tag === "HelloAck") {
      this.#told.set(way, now)
    }
    if (message._tag !== "EventBatch") return
    for (const bytes of message.commits) {
      const commit = Commit.open(bytes)
      if (typeof commit === "string") continue
      this.commits++
      const { partition } = commit.header
      if (!this.#wasAllowed(charter, this.#nodes[to]!.node.peer, partition, this.#told.get(way) ?? now, now)) {
        this.leaks.push(`${way}: ${Partition.key(partition)} at version ${now}`)
      }
    }
  }

  #wasAllowed(
    charter: Charter.CharterShape,
    peer: PeerId.PeerId,
    partition: Partition.Partition,
    from: number,
    upto: number
  ): boolean {
    for (let version = from; version <= upto; version++) {
      if (may(charter.stateAt(version)!, peer, "read", partition)) return true
    }
    return false
  }
}
