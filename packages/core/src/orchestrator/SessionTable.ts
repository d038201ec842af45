/**
 * The live sessions of a node, at most one for each peer. When two links lead to one peer, the newer one of the same
 * direction wins, else the one that the smaller peer id opened; both sides decide alike without asking.
 */
import type { PeerId } from "../identity/PeerId.ts"
import type { Role } from "../session/Proof.ts"

export interface LiveSession {
  readonly peer: PeerId
  readonly role: Role
  readonly route: string
  /** Ends the session because another one took over. */
  readonly replace: () => void
  sentEvents: number
  receivedEvents: number
  /** Newest arrival number that the last proof covers, while nothing has moved since. */
  provenHead: number | undefined
}

export class SessionTable {
  readonly #self: PeerId
  readonly #sessionsMax: number
  readonly #live = new Map<PeerId, LiveSession>()

  constructor(self: PeerId, sessionsMax: number) {
    this.#self = self
    this.#sessionsMax = sessionsMax
  }

  /** True when a session with this peer would be one too many. */
  isFullFor(peer: PeerId): boolean {
    return this.#live.size >= this.#sessionsMax && !this.#live.has(peer)
  }

  /** Takes a session in; false when an existing one stays in its place. */
  admit(session: LiveSession): boolean {
    const other = this.#live.get(session.peer)
    if (other !== undefined && other.role !== session.role) {
      const opener = (role: Role): PeerId => (role === "initiator" ? this.#self : session.peer)
      if (opener(other.role) < opener(session.role)) return false
    }
    this.#live.set(session.peer, session)
    other?.replace()
    return true
  }

  /** Takes a session out, unless another one has its place. */
  remove(session: LiveSession): void {
    if (this.#live.get(session.peer) === session) this.#live.delete(session.peer)
  }

  get(peer: PeerId): LiveSession | undefined {
    return this.#live.get(peer)
  }

  get size(): number {
    return this.#live.size
  }

  get all(): ReadonlyArray<LiveSession> {
    return [...this.#live.values()]
  }
}
