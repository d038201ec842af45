/** Peers and the ways to them as a hub's REST interface tells them: who is linked and how it stands, routes, and what is kept of both. */
import { Schema } from "effect"
import * as PeerId from "../identity/PeerId.ts"
import * as AdminPage from "./AdminPage.ts"

export const addressCharsMax = 512
export const noteCharsMax = 128
/** Addresses of one order of routes. */
export const orderMax = 256

const Address = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(addressCharsMax))
const Note = Schema.String.check(Schema.isMaxLength(noteCharsMax))
const MaybeMs = Schema.NullOr(Schema.Finite)

/** Of a peer in a path. */
export const OfPeer = Schema.Struct({ peer: PeerId.PeerId })

/** What became of syncing with a peer over all the hub's runs, and within the last 24 hours. */
export const PeerTotals = Schema.Struct({
  successes: Schema.Int,
  failures: Schema.Int,
  /** Share of successes, 0 to 1; `null` where nothing was tried. */
  successRate: Schema.NullOr(Schema.Finite),
  successRateOfDay: Schema.NullOr(Schema.Finite),
  /** From the first difference to the proof that nothing differs, in milliseconds; `null` where it never came to one. */
  averageMs: Schema.NullOr(Schema.Finite),
  sentEvents: Schema.Int,
  receivedEvents: Schema.Int,
  /** Events of the sync that succeeded last. */
  lastEvents: Schema.Int,
  lastSuccessMs: MaybeMs,
  lastSeenMs: MaybeMs
}).annotate({ identifier: "PeerTotals" })
export type PeerTotals = typeof PeerTotals.Type

/** Up to where the two journals have each other's changes, by arrival numbers. */
const Cursor = Schema.Struct({
  /** Of the peer's journal: up to where everything was taken in here. */
  taken: Schema.Int,
  /** Of this hub's journal: up to where the peer confirmed that it has everything. */
  acknowledged: Schema.Int,
  /** Of this hub's journal: up to where the peer said, as a custodian, what became of every commit. */
  custody: Schema.Int
}).annotate({ identifier: "SyncCursor" })

/** How a peer stands, in Eidetica's words. */
const Eidetica = Schema.Struct({
  status: Schema.Literals(["Active", "Inactive", "Blocked"]),
  connection: Schema.Literals(["Disconnected", "Connecting", "Connected", "Failed"])
})
export type Eidetica = typeof Eidetica.Type

export const Peer = Schema.Struct({
  peer: PeerId.PeerId,
  /** Of the team; `null` where the charter does not know it, or there is none. */
  device: Schema.NullOr(Schema.Struct({ member: Schema.String, name: Schema.String, isPaused: Schema.Boolean })),
  /** Address of the route, or of the caller; `null` where it has not been seen since the start. */
  route: Schema.NullOr(Schema.String),
  path: Schema.NullOr(Schema.Literals(["lan", "direct", "relayed"])),
  state: Schema.Literals(["connecting", "syncing", "synced", "held", "paused", "blocked", "offline"]),
  /** Commits that the other has not confirmed, and those that it has and this hub has not, at most. */
  pendingOut: Schema.Int,
  pendingIn: Schema.Int,
  sentEvents: Schema.Int,
  receivedEvents: Schema.Int,
  /** When both were last found equal. */
  provenAtMs: MaybeMs,
  lastError: Schema.NullOr(Schema.String),
  totals: Schema.NullOr(PeerTotals),
  /** `null` where it has never been met. */
  cursor: Schema.NullOr(Cursor),
  eidetica: Eidetica
}).annotate({ identifier: "Peer" })
export type Peer = typeof Peer.Type
export const Peers = AdminPage.of(Peer)

export const NewPeer = Schema.Struct({ peer: PeerId.PeerId, address: Address, note: Schema.optionalKey(Note) })
export const NewRoute = Schema.Struct({ address: Address, note: Schema.optionalKey(Note) })
export const OfAddress = Schema.Struct({ address: Address })

/** How many sessions or routes were touched. */
export const Touched = Schema.Struct({ touched: Schema.Int })

/** Kicking ends links; who is let in by the policy and not paused may come back at once. */
export const Kicked = Schema.Struct({ touched: Schema.Int, mayComeBack: Schema.Boolean })

export const Route = Schema.Struct({
  address: Schema.String,
  /** The only one that may answer there. */
  peer: Schema.NullOr(PeerId.PeerId),
  note: Schema.String,
  state: Schema.Literals(["idle", "queued", "dialling", "connected", "waiting"]),
  /** It is dialled again after a restart. */
  isSaved: Schema.Boolean,
  isListed: Schema.Boolean,
  isFound: Schema.Boolean,
  /** Failed attempts in a row. */
  attempts: Schema.Int,
  lastError: Schema.NullOr(Schema.String)
}).annotate({ identifier: "Route" })
export type Route = typeof Route.Type
/** In the order in which they are tried. */
export const Routes = Schema.Struct({ routes: Schema.Array(Route) })

export const RouteOrder = Schema.Struct({ addresses: Schema.Array(Address).check(Schema.isMaxLength(orderMax)) })

/** What came of one dial. Who answers there is not asked. */
export const RouteTest = Schema.Struct({
  isReachable: Schema.Boolean,
  tookMs: Schema.Finite,
  problem: Schema.NullOr(Schema.String)
}).annotate({ identifier: "RouteTest" })

export const Mailboxes = Schema.Struct({
  mailboxes: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      address: Schema.String,
      state: Schema.Literals(["idle", "active", "standby"]),
      because: Schema.String,
      lookedAtMs: MaybeMs,
      attempts: Schema.Int,
      lastError: Schema.NullOr(Schema.String),
      devices: Schema.Int,
      equal: Schema.Int
    })
  )
})

export const Lists = Schema.Struct({
  lists: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      fetchedAtMs: MaybeMs,
      attempts: Schema.Int,
      lastError: Schema.NullOr(Schema.String),
      routes: Schema.Int
    })
  )
})

/** Of a space, by its name or its id, in a path. */
export const OfSpace = Schema.Struct({ space: Schema.String.check(Schema.isMaxLength(128)) })
export const OfRelation = Schema.Struct({ ...OfSpace.fields, peer: PeerId.PeerId })

/** That a peer and this hub sync the space. */
export const Relation = Schema.Struct({
  peer: PeerId.PeerId,
  isSyncing: Schema.Boolean,
  route: Schema.NullOr(Schema.String),
  provenAtMs: MaybeMs
}).annotate({ identifier: "SyncRelation" })
export const Relations = AdminPage.of(Relation)

/** A text that names the space and where it is reached; it lets nobody in. */
export const Ticket = Schema.Struct({
  ticket: Schema.String,
  space: Schema.String,
  addresses: Schema.Array(Schema.String)
})
