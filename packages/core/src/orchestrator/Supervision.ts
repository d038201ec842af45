/**
 * What the orchestrator's parts share: its options, its routes, its sessions and what it remembers of peers. It holds
 * state only; `Supervisor` and `PeerSession` act on it.
 */
import type { Context, FiberMap, PubSub, Queue, Scope, Semaphore } from "effect"
import type { Compression } from "../crypto/Compression.ts"
import type { Crypto } from "../crypto/Crypto.ts"
import type { DeviceKey } from "../crypto/DeviceKey.ts"
import type { Gate } from "../gate/Gate.ts"
import type { PeerId } from "../identity/PeerId.ts"
import { defaultDeleteLimits, type DeleteLimits } from "../journal/DeleteWatch.ts"
import type { Journal } from "../journal/Journal.ts"
import * as Limits from "../model/Limits.ts"
import { defaultTiming, type SessionTiming } from "../session/RunningSession.ts"
import type { MailboxPeer } from "../mailbox/MailboxSync.ts"
import type { Mailbox } from "../mailbox/Mailbox.ts"
import type { MailboxRegistry } from "../mailbox/MailboxRegistry.ts"
import type { TransportRegistry } from "../transport/TransportRegistry.ts"
import type { AutoSyncMode } from "./AutoSyncMode.ts"
import type { DialPlaces } from "./DialPlaces.ts"
import type * as EventChannel from "./EventChannel.ts"
import type { HeardPeers } from "./HeardPeers.ts"
import type { SessionTable } from "./SessionTable.ts"
import type { Route, RouteEntry } from "./Route.ts"
import type { RouteList, RouteListEntry } from "./RouteList.ts"
import { defaultRoadTiming, type RoadTiming, type Turn } from "./RoadChoice.ts"

export interface OrchestratorOptions {
  readonly routes: ReadonlyArray<Route>
  /** Accept links on every transport that can listen. */
  readonly listens: boolean
  readonly timing: SessionTiming
  /** First wait before a failed route is dialled again; doubles up to `retryMsMax`, with jitter. */
  readonly retryMsMin: number
  readonly retryMsMax: number
  /** Stamps further ahead of this clock wait in quarantine, in milliseconds. */
  readonly aheadMsMax: number
  /** Deletes of one device that are more than this wait for a person. */
  readonly deleteLimits: DeleteLimits
  /** How often the quarantine is looked at. */
  readonly releaseEveryMs: number
  /** Live sessions; a further peer is turned away with `SessionsExhausted`. */
  readonly sessionsMax: number
  /** When another road is taken, and when the first one again. */
  readonly roads: RoadTiming
  /** Routes that are dialled or linked at a time, 1 to `routesMax`; the others take turns. */
  readonly dialledMax: number
  /** Whether the node syncs by itself, and how often. */
  readonly autoSync: AutoSyncMode
  /** Lists of peers, at most `routeListsMax`. */
  readonly routeLists: ReadonlyArray<RouteList>
}

/** Routes of one node; a further one is refused with `RoutesExhausted`. */
export const routesMax = 256
/** Peers that are paused at a time; a further one is refused with `PausesExhausted`. */
export const pausedPeersMax = 10_000
/** Peers that a node remembers; the longest unseen one is forgotten first. */
export const peersRememberedMax = 10_000
/** Wishes for a dial or a proof that nobody has taken yet; beyond it the oldest is dropped, and the period comes. */
export const wishesMax = 64

/** Own refused commits of which is remembered that they were submitted again; beyond it all are forgotten. */
export const resubmittedMax = 10_000

export const defaultOptions: OrchestratorOptions = {
  routes: [],
  listens: true,
  timing: defaultTiming,
  retryMsMin: 1_000,
  retryMsMax: 24_000,
  aheadMsMax: Limits.clockAheadPeerMs,
  deleteLimits: defaultDeleteLimits,
  releaseEveryMs: 5_000,
  sessionsMax: 8_192,
  roads: defaultRoadTiming,
  dialledMax: routesMax,
  autoSync: "live",
  routeLists: []
}

/** What outlives a session. */
export interface PeerMemory {
  route: string
  sentEvents: number
  receivedEvents: number
  provenAtMs: number | undefined
  /** A link has reached it since the start. */
  isLinked: boolean
  /** When its last link ended, in the milliseconds of `monotonicMs`. */
  leftMs: number | undefined
  /** The address by which this node reached it last. */
  dialled: string | undefined
  /** Why the last commits that were put off, here or there, had to wait. */
  heldBecause: string | undefined
  /** As it was when the last session ended. */
  pendingIn: number
  lastError: string | undefined
}

export type Services = Journal | Gate | Crypto | Compression | DeviceKey

/** A mailbox with what its fiber knows. */
export interface MailboxEntry {
  readonly mailbox: Mailbox
  turn: Turn
  /** When it was taken into use last, in the milliseconds of `monotonicMs`; nothing where it was from the start. */
  turnedMs: number | undefined
  because: string
  attempts: number
  lastError: string | undefined
  /** When it was looked into last: in the milliseconds of `monotonicMs`, and in Unix milliseconds. */
  lookedMs: number
  lookedAtMs: number | undefined
  /** The journal's head before that. */
  lookedHead: number
  peers: ReadonlyArray<MailboxPeer>
  /** Asks for a look: at once, or in a moment because more may come. */
  readonly wake: Queue.Queue<"now" | "soon">
  /** A round wants it looked into, where the node does not sync all the time. */
  isDue: boolean
}

/** Commits that wait for what they rest on. */
export interface Resting {
  /** Arrival number at which they were tried last. */
  readonly head: number
  /** Their ids, at most `restingMax`. */
  readonly ids: ReadonlyArray<string>
  /** There are more of them: then all that the policy had denied is looked at again. */
  readonly isMore: boolean
}

/** Resting commits that are known by name. */
export const restingMax = 10_000

export interface Supervision {
  readonly options: OrchestratorOptions
  readonly channel: EventChannel.EventChannel
  readonly registry: TransportRegistry["Service"]
  readonly services: Context.Context<Services>
  readonly journal: Journal["Service"]
  readonly gate: Gate["Service"]
  readonly crypto: Crypto["Service"]
  readonly compression: Compression["Service"]
  readonly sessions: SessionTable
  readonly heard: HeardPeers
  readonly paused: Set<PeerId>
  readonly routes: Map<string, RouteEntry>
  readonly places: DialPlaces
  readonly lists: ReadonlyArray<RouteListEntry>
  readonly autoSync: {
    mode: AutoSyncMode
    /** When the next round begins, in milliseconds since 1970. */
    nextAtMs: number | undefined
    /** Says that the mode is another one. */
    readonly turned: Queue.Queue<void>
  }
  readonly mailboxes: ReadonlyArray<MailboxEntry>
  readonly mailboxRegistry: MailboxRegistry["Service"] | undefined
  readonly diallers: FiberMap.FiberMap<string>
  /** Peers seen since the start and what is remembered of them. */
  readonly peers: Map<PeerId, PeerMemory>
  /** Wakes waiting diallers and asks live sessions for a proof; names one peer or all. */
  readonly wanted: PubSub.PubSub<PeerId | undefined>
  /** What the policy had denied is to be asked about; true until that was done without a failure. */
  isReviewDue: boolean
  /** Own refused commits that were submitted again by themselves, and the policy version under which. */
  readonly resubmitted: Map<string, number>
  /** What the policy allows and stays in quarantine, because what it rests on is missing; nothing where all is in. */
  resting: Resting | undefined
  /** What this device may have is to be looked at; true until that was done without a failure. */
  isAccessReviewDue: boolean
  /** One at a time. */
  readonly accessReviews: Semaphore.Semaphore
  /** Keys of partitions that were known here and are none of this device's business now; bounded like partitions. */
  readonly forgotten: Set<string>
  /** A peer had more of this journal than it has itself; believed once for each start. */
  hasBeenSetBack: boolean
  /** Everything that `Stop` closes. */
  running: Scope.Closeable | undefined
  addresses: ReadonlyArray<string>
}
