/**
 * The live sessions of a node, at most one for each journal of a peer. When two links lead to one peer, the newer one of the same
 * direction wins, else the one through nobody, else the one that the smaller peer id opened; both sides decide alike without asking.
 */
import type { Author } from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Role } from "../session/Proof.ts"
import type { LinkPath } from "../transport/Link.ts"

export interface LiveSession {
  readonly peer: PeerId
  /** 16 hexadecimal digits. */
  readonly incarnation: string
  readonly role: Role
  readonly route: string
  readonly path?: LinkPath | undefined
  /** Ends the session because another one took over, or so that it begins anew. */
  readonly replace: () => void
  /** Ends it because the peer has opened another one. The peer is told, and if it has not, a copy of it has. */
  readonly supersede: () => void
  /** Ends it because it is in step and another route is to have its place. Nobody is told an error. */
  readonly giveWay: () => void
  sentEvents: number
  receivedEvents: number
  /** Newest arrival number that the last proof covers, while nothing has moved since. */
  provenHead: number | undefined
  /** As whom the journal wrote then; it writes as another once commits were taken back. */
  provenWriter: Author | undefined
  /** When that proof was made, in the milliseconds of `monotonicMs`. */
  provenMs: number
  /** The same in Unix milliseconds. */
  provenAtMs: number
  /** Codes of what waits here or there and is not taken in; nothing else is under way while there are any. */
  held: ReadonlyArray<string>
  /** Commits that the peer is known to have and this node has not taken in yet. */
  pendingIn: number
}

/** Copies of one device that are live at once; an incarnation is what a peer says, and must not fill the table. */
export const copiesMax = 4

/** What a session is chosen by. */
export type Claim = Pick<LiveSession, "peer" | "incarnation" | "role" | "path">

const keyOf = ({ incarnation, peer }: Claim): string => `${peer}/${incarnation}`

export class SessionTable {
  readonly #self: PeerId
  readonly #sessionsMax: number
  /** By peer and incarnation: two copies of one device are two journals, and both must be heard. */
  readonly #live = new Map<string, LiveSession>()
  /** The newest last. */
  readonly #byPeer = new Map<PeerId, ReadonlyArray<LiveSession>>()

  constructor(self: PeerId, sessionsMax: number) {
    this.#self = self
    this.#sessionsMax = sessionsMax
  }

  /** True when this session would be one too many, of all or of its peer's; one in the place of another is not. */
  isFullFor(session: LiveSession): boolean {
    if (this.#live.has(keyOf(session))) return false
    return this.#live.size >= this.#sessionsMax || this.allOf(session.peer).length >= copiesMax
  }

  /** The sessions with a peer, one for each copy of its journal. */
  allOf(peer: PeerId): ReadonlyArray<LiveSession> {
    return this.#byPeer.get(peer) ?? []
  }

  /** True when an existing session would stay in the place of this one. */
  isHeldAgainst(claim: Claim): boolean {
    const other = this.#live.get(keyOf(claim))
    // Of the same direction the newer one wins: who dials again has lost the older one.
    if (other === undefined || other.role === claim.role) return false
    const [isRelayed, isOtherRelayed] = [claim.path === "relayed", other.path === "relayed"]
    if (isRelayed !== isOtherRelayed) return isRelayed
    const opener = (role: Role): PeerId => (role === "initiator" ? this.#self : claim.peer)
    return opener(other.role) < opener(claim.role)
  }

  /** Takes a session in; false when an existing one stays in its place. */
  admit(session: LiveSession): boolean {
    if (this.isHeldAgainst(session)) return false
    const other = this.#live.get(keyOf(session))
    this.#live.set(keyOf(session), session)
    this.#byPeer.set(session.peer, [...this.allOf(session.peer).filter((one) => one !== other), session])
    if (other?.role === session.role) other.supersede()
    else other?.replace()
    return true
  }

  /** Takes a session out, unless another one has its place. */
  remove(session: LiveSession): void {
    if (this.#live.get(keyOf(session)) !== session) return
    this.#live.delete(keyOf(session))
    const copies = this.allOf(session.peer).filter((one) => one !== session)
    if (copies.length === 0) this.#byPeer.delete(session.peer)
    else this.#byPeer.set(session.peer, copies)
  }

  /** The newest session with a peer. */
  get(peer: PeerId): LiveSession | undefined {
    return this.#byPeer.get(peer)?.at(-1)
  }

  get size(): number {
    return this.#live.size
  }

  get all(): ReadonlyArray<LiveSession> {
    return [...this.#live.values()]
  }
}
