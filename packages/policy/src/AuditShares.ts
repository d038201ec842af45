/**
 * How much of an audit may be filled by whom in the long run, so that nobody drives out what is said of others: by what a peer
 * does itself, or a person who is signed in, by strangers at the door, and by permissions, which come with what others write. Each share is free again
 * after a day. Pure; what has no room is counted by `AuditKeeper`.
 */
import type { Gate, PeerId } from "@syncline/core"

/** Most entries a day about what one peer does, its refusals, sessions and requests, or what one person does. */
export const ofPeerMax = 4_096
/** Each share is this part of what an audit holds, at most, ... */
const part = 1 / 16
/** ... but that of permissions of all peers together. */
const permissionsPart = 1 / 4
const dayMs = 24 * 60 * 60 * 1_000
/** Peers whose entries are counted at a time, and as many strangers apart; beyond it those who had the most time begin anew. */
export const peersMax = 4_096

/** What somebody at the hub, or the node itself, did: nobody else can make it happen. */
const ownActions: ReadonlySet<Gate.AuditedAction["action"]> = new Set([
  "forget",
  "invite",
  "revoke",
  "approve",
  "reject"
])

export class AuditShares {
  readonly #acts: Share
  readonly #strangers: Share
  readonly #permissions: Share
  readonly #allPermissions: Share

  /** For an audit of so many entries. */
  constructor(entriesMax: number) {
    this.#acts = new Share(Math.min(ofPeerMax, entriesMax * part))
    this.#strangers = new Share(entriesMax * part)
    this.#permissions = new Share(entriesMax * part)
    this.#allPermissions = new Share(entriesMax * permissionsPart)
  }

  /**
   * Takes the room of one entry. Where there is none it says for whom it is to be counted: for the peer, or for all strangers
   * together, who could come under any number of names. `isOnce`: it is kept once only under a version of the policy.
   */
  take(
    atMs: number,
    { action, behalf, decision, peer }: Gate.AuditedAction,
    isOnce: boolean
  ): "taken" | "full for the peer" | "full for strangers" {
    if (ownActions.has(action)) return "taken"
    // Anybody may try to sign in under any name, so that takes no share but that of strangers.
    if (action === "signin" && !decision.allowed) {
      return this.#strangers.take(everybody, atMs) ? "taken" : "full for strangers"
    }
    if (behalf !== undefined) return this.#acts.take(`person ${behalf}`, atMs) ? "taken" : "full for the peer"
    if (isOnce) {
      const isRoom = this.#permissions.take(peer, atMs) && this.#allPermissions.take(everybody, atMs)
      return isRoom ? "taken" : "full for the peer"
    }
    const isAtDoor = action === "request" || (action === "admit" && !decision.allowed)
    if (isAtDoor && !decision.allowed && !this.#strangers.take(everybody, atMs)) return "full for strangers"
    return this.#acts.take(peer, atMs, isAtDoor) ? "taken" : "full for the peer"
  }
}

const everybody = "everybody"

type Who = PeerId.PeerId | typeof everybody | `person ${string}`
type Rows = Map<Who, { readonly entries: number; readonly atMs: number }>

/** So many entries at once, and as many again within a day. */
class Share {
  readonly #max: number
  readonly #left: Rows = new Map()
  /** Of whoever was never seen but at the door: any number of names can be made up there, and none makes others be forgotten. */
  readonly #leftAtDoor: Rows = new Map()

  constructor(max: number) {
    this.#max = Math.max(1, Math.floor(max))
  }

  take(who: Who, atMs: number, isAtDoor = false): boolean {
    const rows = isAtDoor && !this.#left.has(who) ? this.#leftAtDoor : this.#left
    const known = this.#left.get(who) ?? this.#leftAtDoor.get(who)
    const entries = known === undefined ? this.#max : this.#leftOf(known, atMs)
    // Whoever had room last stands last, and is forgotten last. Who comes in brings along what it had left at the door.
    this.#left.delete(who)
    this.#leftAtDoor.delete(who)
    const isRoom = entries >= 1
    rows.set(who, { entries: isRoom ? entries - 1 : entries, atMs })
    if (rows.size > peersMax) rows.delete(rows.keys().next().value!)
    return isRoom
  }

  #leftOf({ atMs: since, entries }: { readonly entries: number; readonly atMs: number }, atMs: number): number {
    return Math.min(this.#max, entries + (Math.max(0, atMs - since) / dayMs) * this.#max)
  }
}
