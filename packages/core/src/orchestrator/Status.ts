/**
 * What the orchestrator knows about itself and its peers at one moment. It says "synced" only after a proof.
 */
import type { PeerId } from "../identity/PeerId.ts"

export interface PeerStatus {
  readonly peer: PeerId
  /** Address of the route, or of the caller. */
  readonly route: string
  /** `synced`: roots were found equal and nothing is pending since. */
  readonly state: "connecting" | "syncing" | "synced" | "paused" | "offline"
  /** Commits that the peer has not confirmed yet, at most; those it sent itself may be among them. */
  readonly pendingOut: number
  readonly sentEvents: number
  readonly receivedEvents: number
  /** When roots were last found equal, in milliseconds since 1970. */
  readonly provenAtMs: number | undefined
  readonly lastError: string | undefined
}

export interface RouteStatus {
  readonly address: string
  readonly peer: PeerId | undefined
  readonly state: "idle" | "dialling" | "connected" | "waiting"
  /** Failed attempts in a row. */
  readonly attempts: number
  readonly lastError: string | undefined
}

export interface Status {
  readonly isStarted: boolean
  readonly addresses: ReadonlyArray<string>
  readonly peers: ReadonlyArray<PeerStatus>
  readonly routes: ReadonlyArray<RouteStatus>
  /** Newest arrival number of the journal. */
  readonly head: number
  /** Commits in quarantine until their time is due. */
  readonly held: number
}
