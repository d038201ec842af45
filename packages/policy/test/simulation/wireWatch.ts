/**
 * Looks at every frame when it is sent: no commit may be in it that its receiver may not have, by the charter that the
 * sender had told it of over this way, or by any that the sender knows since.
 */
import { type CharterState, Commit, Compression, FrameCodec, Partition, type PeerId } from "@syncline/core"
import { Result } from "effect"
import { may } from "../referenceTeam.ts"

interface Watched {
  readonly node: { readonly peer: PeerId.PeerId }
  readonly charter: { readonly state: () => CharterState.CharterState } | undefined
  /** What the charter has said so far, the newest last. */
  readonly states: Array<CharterState.CharterState>
}

export class WireWatch {
  readonly leaks: Array<string> = []
  commits = 0
  readonly #nodes: ReadonlyArray<Watched>
  /** Which of the sender's states was the newest when it last said something of its charter, by the way. */
  readonly #told = new Map<string, number>()

  constructor(nodes: ReadonlyArray<Watched>) {
    this.#nodes = nodes
  }

  look(from: number, to: number, frame: Uint8Array): void {
    const decoded = FrameCodec.decode(Compression.stored, frame)
    const { charter, states } = this.#nodes[from]!
    if (Result.isFailure(decoded) || charter === undefined) return
    const { message } = decoded.success
    const way = `${from}>${to}`
    const state = charter.state()
    if (states.at(-1) !== state) states.push(state)
    const now = states.length - 1
    if (message._tag === "CharterSync" || message._tag === "Hello" || message._tag === "HelloAck") {
      this.#told.set(way, now)
    }
    if (message._tag !== "EventBatch") return
    const since = states.slice(this.#told.get(way) ?? now)
    for (const bytes of message.commits) {
      const commit = Commit.open(bytes)
      if (typeof commit === "string") continue
      this.commits++
      const { partition } = commit.header
      if (!since.some((each) => may(each, this.#nodes[to]!.node.peer, "read", partition))) {
        this.leaks.push(`${way}: ${Partition.key(partition)} at version ${state.version}`)
      }
    }
  }
}
