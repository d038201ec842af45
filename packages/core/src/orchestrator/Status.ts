/**
 * What the orchestrator knows about itself and its peers at one moment. It says "synced" only after a proof.
 */
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import type { QuarantineCounts } from "../journal/Quarantine.ts"
import type { LinkPath } from "../transport/Link.ts"
import type { AutoSyncMode } from "./AutoSyncMode.ts"

export interface PeerStatus {
  readonly peer: PeerId
  readonly space: SpaceId
  /** Address of the route, or of the caller. */
  readonly route: string
  /** What lies between, while it is linked and where the transport knows. */
  readonly path: LinkPath | undefined
  /**
   * `synced`: roots were found equal and nothing is pending since. `held`: what differs waits in the quarantine of
   * either side, for time, for a policy or for a person. `paused`: by `PausePeer`. `blocked`: the policy does not let it in.
   */
  readonly state: "connecting" | "syncing" | "synced" | "held" | "paused" | "blocked" | "offline"
  /** Commits that the peer has not confirmed yet, at most; those it sent itself may be among them. */
  readonly pendingOut: number
  /** Commits that the peer is known to have and that were not taken in yet. */
  readonly pendingIn: number
  readonly sentEvents: number
  readonly receivedEvents: number
  /** When roots were last found equal, in milliseconds since 1970. */
  readonly provenAtMs: number | undefined
  readonly lastError: string | undefined
}

/** A place that stores and forwards, and how it is used. */
export interface MailboxStatus {
  readonly name: string
  /** Where it is, without any secret. */
  readonly address: string
  /** `active`: in use, because links do not reach somebody. `standby`: looked into now and then. `idle`: the node is not started, or syncs only when it is told to. */
  readonly state: "idle" | "active" | "standby"
  /** Why it is as it is. */
  readonly because: string
  /** When it was last looked into, in milliseconds since 1970. */
  readonly lookedAtMs: number | undefined
  /** Failed looks in a row. */
  readonly attempts: number
  readonly lastError: string | undefined
  /** Other devices that have left something there for this one, and how many of them have the same as it. */
  readonly devices: number
  readonly equal: number
}

/** A list of peers, and what came of it. */
export interface RouteListStatus {
  readonly name: string
  /** When it was fetched last, in milliseconds since 1970. */
  readonly fetchedAtMs: number | undefined
  /** Failed attempts in a row. */
  readonly attempts: number
  readonly lastError: string | undefined
  /** Addresses of it that are routes of this node. */
  readonly routes: number
}

export interface RouteStatus {
  readonly address: string
  readonly peer: PeerId | undefined
  /**
   * `queued`: as many routes are dialled as may be, and it waits for its turn. `waiting`: it failed and is tried again, or another address of its
   * peer comes before it. `idle`: its peer is linked by another road, the node is not started, or auto-sync does not want it now.
   */
  readonly state: "idle" | "queued" | "dialling" | "connected" | "waiting"
  /** A list of peers named it, and nobody else did. */
  readonly isListed: boolean
  /** A transport found the peer by itself. */
  readonly isFound: boolean
  /** Failed attempts in a row. */
  readonly attempts: number
  readonly lastError: string | undefined
}

export interface Status {
  readonly isStarted: boolean
  readonly addresses: ReadonlyArray<string>
  readonly peers: ReadonlyArray<PeerStatus>
  readonly routes: ReadonlyArray<RouteStatus>
  readonly mailboxes: ReadonlyArray<MailboxStatus>
  readonly lists: ReadonlyArray<RouteListStatus>
  /** Whether the node syncs by itself, and when the next round begins, in milliseconds since 1970, where it syncs in rounds. */
  readonly autoSync: { readonly mode: AutoSyncMode; readonly nextAtMs: number | undefined }
  /** Newest arrival number of the journal. */
  readonly head: number
  /** Commits in quarantine, by reason. */
  readonly quarantine: QuarantineCounts
}
