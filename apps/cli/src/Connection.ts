/**
 * One connection to the hub as a command sees it: progress while it syncs, an end with a proof, or a failure that says
 * what to do. The engine's orchestrator dials and syncs; this only listens to it and decides when to give up.
 */
import { DeviceKey, Journal, Orchestrator, PeerId, type SyncEvent } from "@syncline/core"
import { TrustFile } from "@syncline/node"
import { Clock, Effect, Queue, Stream } from "effect"
import { because, type CliError, HubMissing, NotConnected, NotTrusted, SyncFailed, UsageInvalid } from "./CliError.ts"
import * as Device from "./Device.ts"
import * as DeviceFile from "./DeviceFile.ts"
import { command } from "./Invocation.ts"
import * as Roads from "./Roads.ts"

export interface Hub {
  readonly address: string
  readonly peer: string
}

/** The ways by which the folder's device meets others: one at least. Who stays listens to what comes by them. */
export const waysOf = Effect.fnUntraced(function* (folder: string, isStaying: boolean) {
  const device = yield* DeviceFile.read(folder)
  const roads = device === undefined ? [] : yield* Roads.of(folder, device, isStaying)
  const hub: Hub | undefined = device?.hub
  // Somebody else must be there for it, which takes a stay.
  const direct = isStaying ? device?.direct : undefined
  if (hub === undefined && roads.length === 0 && direct === undefined) {
    if (device?.direct === undefined) return yield* because(new HubMissing({ folder }))
    const problem = "This device meets others directly and no other way, which takes a stay: add --watch"
    return yield* because(new UsageInvalid({ problem }))
  }
  return { hub, roads, direct, mailboxes: roads.map(({ mailbox }) => mailbox) }
})

/** How far a connection has come. */
export interface Headway {
  isConnected: boolean
  /** Records of the hub when the views were first compared. */
  theirs: number
  /** Records here at that moment. */
  ours: number
  sentEvents: number
  receivedEvents: number
  /** Commits of this device that the hub refused and that were taken back. */
  rejected: number
  /** When something last moved. */
  movedMs: number
  /** Why the last attempt failed. */
  problem: string | undefined
}

/** The proof that both sides hold the same. */
export type Proof = typeof SyncEvent.SyncCompleted.Type

export type RoadNews = typeof SyncEvent.RouteChanged.Type | typeof SyncEvent.SyncError.Type

export interface FollowOptions<E, R> {
  readonly folder: string
  /** Where a device has none it stays with its other roads. */
  readonly hub: Hub | undefined
  /** How long to wait for the hub's first answer, at most and where there is an end to it at all. */
  readonly connectMsMax?: number
  /** Gives up when nothing moves for so long, and when the hub refuses; absent: tries again for ever. */
  readonly silenceMsMax: number | undefined
  readonly onHeadway: (headway: Headway) => Effect.Effect<void>
  /** A failure of the connection that it goes on from. */
  readonly onFailure: (failure: CliError) => Effect.Effect<void>
  /** What is told of other roads than the hub: another one is taken, or one failed and is tried again. */
  readonly onRoad: (news: RoadNews) => Effect.Effect<void, E, R>
  /** True ends the connection. */
  readonly onProof: (proof: Proof, by: ProvenBy) => Effect.Effect<boolean, E, R>
}

/** What a proof rests on: a link to the hub, one to another device, or what a device has left in a mailbox. */
export type ProvenBy = "hub" | "device" | "mailbox"

/** A hub that does not answer within this is reported, even where a sync may be silent for longer. */
const connectMsDefault = 10_000
/** Events that this may lag behind; the engine reports more as `Lagged`. */
const eventsMax = 4_096

/** Starts the node and follows it until `onProof` says enough or it gives up. */
export const follow = Effect.fnUntraced(function* <E, R>(options: FollowOptions<E, R>) {
  const orchestrator = yield* Orchestrator.Orchestrator
  const headway: Headway = {
    isConnected: false,
    theirs: 0,
    ours: 0,
    sentEvents: 0,
    receivedEvents: 0,
    rejected: 0,
    movedMs: yield* Clock.currentTimeMillis,
    problem: undefined
  }
  // Subscribed before the start, so that no event is missed.
  const events = yield* subscribe(orchestrator.events)
  yield* orchestrator.send({ _tag: "Start" })
  const devices = new Set<string>()
  let denials = 0
  for (;;) {
    const event = yield* nextEvent(options, headway, events)
    if (isOfRoad(options, event)) {
      if (!isAway(event)) yield* options.onRoad(event)
      continue
    }
    if (isOfDevice(options, event)) {
      if (event._tag === "PeerConnected") devices.add(event.peer)
      if (event._tag === "PeerDisconnected") devices.delete(event.peer)
      continue
    }
    if (event._tag === "SyncCompleted" && !(headway.isConnected && isHub(options, event.peer))) {
      if (yield* options.onProof(event, devices.has(event.peer) ? "device" : "mailbox")) return
      continue
    }
    const failure = yield* take(options, headway, event)
    if (failure !== undefined) {
      // Somebody may have said a moment ago that this device is trusted, and a hub looks at its list twice a second.
      const isEarly = failure.reason._tag === "NotTrusted" && ++denials <= denialsPassing
      if (options.silenceMsMax !== undefined && !isEarly && !isPassing(failure)) return yield* failure
      if (!isEarly) yield* options.onFailure(failure)
    }
    yield* options.onHeadway(headway)
    if (event._tag === "SyncCompleted" && (yield* options.onProof(event, "hub"))) return
  }
}, Effect.scoped)

interface Addressed {
  readonly hub: Hub | undefined
}

const isOfRoad = ({ hub }: Addressed, event: SyncEvent.SyncEvent): event is RoadNews =>
  event._tag === "RouteChanged" || (event._tag === "SyncError" && event.route !== hub?.address)

/** What goes on with other devices is told by its proof alone. */
const isOfDevice = (
  options: Addressed,
  event: SyncEvent.SyncEvent
): event is typeof SyncEvent.PeerConnected.Type | typeof SyncEvent.PeerDisconnected.Type =>
  (event._tag === "PeerConnected" ||
    event._tag === "PeerDisconnected" ||
    event._tag === "SyncStarted" ||
    event._tag === "SyncProgress") &&
  !isHub(options, event.peer)

/** A device that is looked for and not there is what devices mostly are. */
const isAway = (news: RoadNews): boolean =>
  news._tag === "SyncError" && news.route.startsWith("/p2p/") && news.code === "Unreachable"

const isHub = ({ hub }: Addressed, peer: string): boolean =>
  hub !== undefined && (hub.peer === peer || !PeerId.is(hub.peer))

/** Denials that are not taken for the last word: the next try is a second later. */
const denialsPassing = 1

const subscribe = Effect.fnUntraced(function* (events: Stream.Stream<SyncEvent.SyncEvent>) {
  const queue = yield* Queue.bounded<SyncEvent.SyncEvent>(eventsMax)
  yield* Effect.forkScoped(
    Stream.runForEach(events, (event) => Queue.offer(queue, event)),
    { startImmediately: true }
  )
  return queue
})

const nextEvent = Effect.fnUntraced(function* <E, R>(
  { connectMsMax = connectMsDefault, hub, silenceMsMax }: FollowOptions<E, R>,
  headway: Headway,
  events: Queue.Dequeue<SyncEvent.SyncEvent>
) {
  if (silenceMsMax === undefined || hub === undefined) return yield* Queue.take(events)
  const limitMs = headway.isConnected ? silenceMsMax : Math.min(silenceMsMax, connectMsMax)
  const leftMs = headway.movedMs + limitMs - (yield* Clock.currentTimeMillis)
  return yield* Queue.take(events).pipe(
    Effect.timeoutOrElse({
      duration: Math.max(0, leftMs),
      orElse: () => {
        const silence = `${headway.isConnected ? "nothing moved for" : "no answer within"} ${limitMs / 1000} s`
        const problem = headway.problem ?? silence
        return Effect.fail(because(new NotConnected({ address: hub.address, problem })))
      }
    })
  )
})

/** Notes what an event says; gives the failure that it tells of. */
const take = Effect.fnUntraced(function* <E, R>(
  options: FollowOptions<E, R>,
  headway: Headway,
  event: SyncEvent.SyncEvent
) {
  switch (event._tag) {
    case "PeerConnected":
      headway.isConnected = true
      headway.problem = undefined
      break
    case "PeerDisconnected":
      headway.isConnected = false
      break
    case "SyncStarted":
      headway.theirs = event.theirs
      headway.ours = yield* entitiesHere
      break
    case "SyncProgress":
    case "SyncCompleted":
      headway.sentEvents = event.sentEvents
      headway.receivedEvents = event.receivedEvents
      break
    case "WriteRejected":
      headway.rejected++
      break
    case "SyncError":
      headway.problem = event.detail.replace(`cannot reach ${event.route}: `, "")
      return yield* failureOf(options.folder, options.hub, event)
    case "ForkDetected":
      return because(
        new SyncFailed({
          reason: event._tag,
          problem: `the journal of ${event.author} was copied, and both copies were written to (${event.type} ${event.id})`
        })
      )
    case "ClockSkewed":
      headway.problem = `${event.commits} commits wait, because their time is ahead of this device's clock; set both clocks`
      return undefined
    case "CommitsRefused":
      if (!isHub(options, event.peer)) return undefined
      headway.problem = `${event.commits} commits of the hub were not kept (${event.code})`
      return undefined
    default:
      return undefined
  }
  headway.movedMs = yield* Clock.currentTimeMillis
  return undefined
})

const entitiesHere = Effect.gen(function* () {
  const { rows } = yield* Journal.Journal.use((journal) => journal.partitions)
  return rows.reduce((sum, row) => sum + row.total.count, 0)
})

/** True for what often mends itself within seconds: the hub restarts, or a link breaks. */
const isPassing = ({ reason }: CliError): boolean => reason._tag === "NotConnected"

const failureOf = Effect.fnUntraced(function* (
  folder: string,
  hub: Hub | undefined,
  { code, detail, route }: typeof SyncEvent.SyncError.Type
) {
  // Without a hub nothing is dialled.
  if (hub === undefined) return because(new SyncFailed({ reason: code, problem: detail }))
  switch (code) {
    case "PeerDenied": {
      const device = yield* DeviceFile.read(folder)
      const { peer } = yield* DeviceKey.DeviceKey
      if (Device.isChartered(folder, device)) {
        return because(new NotTrusted({ problem: notOfTheTeam(peer, detail) }))
      }
      const trusted = yield* TrustFile.read(folder)
      const isHere = ![...trusted].some((each) => each === hub.peer)
      return because(new NotTrusted({ problem: isHere ? hubNotTrusted(folder, hub) : deviceNotTrusted(peer) }))
    }
    case "SpaceUnknown":
    case "VersionUnsupported":
    case "PeerUnexpected":
    case "AddressInvalid":
    case "ViewsDiffer":
      return because(new SyncFailed({ reason: code, problem: detail }))
    default:
      return because(new NotConnected({ address: route, problem: detail.replace(`cannot reach ${route}: `, "") }))
  }
})

const hubNotTrusted = (folder: string, hub: Hub): string =>
  `This device does not trust the hub. Run: ${command(`trust ${hub.peer} --data ${folder}`)}`

const deviceNotTrusted = (peer: string): string =>
  `The hub does not trust this device yet. Run on the hub's machine: ${letInCommand(undefined, peer)}`

/** A hub does not tell strangers why; only what is denied here has a reason. */
const notOfTheTeam = (peer: string, detail: string): string =>
  detail.startsWith("the peer refuses")
    ? "The hub does not let this device in: no member has it, or it is paused or removed. " +
      `To add it, run on the hub's machine: ${letInCommand({ policy: "enterprise" }, peer)}`
    : `This device does not let the hub in: ${detail}.`

/** What to run where the hub runs; its folder is `./data` unless it was told otherwise. */
export const letInCommand = (device: Pick<DeviceFile.Device, "policy"> | undefined, peer: string): string =>
  device?.policy === "enterprise"
    ? command(`member add <name> --device ${peer} --data ./data`)
    : command(`trust ${peer} --data ./data`)
