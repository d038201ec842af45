/**
 * Dials peers that transports find by themselves: whoever the policy admits and that is not linked. Near ones as soon as a transport
 * tells of them, far ones wherever it looks far. Such routes come behind the node's own. What finding means the transport knows, and
 * a found peer proves who it is like every other.
 */
import { Effect, FiberMap } from "effect"
import * as Author from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import { monotonicMs } from "../session/RunningSession.ts"
import type { Finder } from "../transport/Transport.ts"
import * as AutoSync from "./AutoSync.ts"
import * as IntakeNews from "./IntakeNews.ts"
import type { RouteEntry } from "./Route.ts"
import type { Supervision } from "./Supervision.ts"

/** Routes to peers that were found; whoever is found beyond it is left to dial this node. */
export const foundRoutesMax = 64
/** How often it is looked whom the policy admits, in milliseconds. */
export const findEveryMs = 60_000
/** For how long nothing is told of a peer that went away and may have come back, in milliseconds, at least. */
export const awayMsMin = 30_000

/** What the supervisor does with a route that comes, goes, or is to be dialled now. */
export interface FoundKeeping {
  readonly open: (address: string, peer: PeerId) => Effect.Effect<void>
  readonly close: (address: string) => Effect.Effect<void>
  readonly wake: (peer: PeerId) => Effect.Effect<void>
}

/** Looks in a fiber for each transport that finds. */
export const start = Effect.fnUntraced(function* (supervisor: Supervision, keeping: FoundKeeping) {
  for (const { finder, name } of supervisor.registry.all) {
    if (finder === undefined) continue
    yield* FiberMap.run(supervisor.diallers, `finder ${name}`)(run(supervisor, finder, keeping))
  }
})

const run = Effect.fnUntraced(function* (supervisor: Supervision, finder: Finder, keeping: FoundKeeping) {
  for (;;) {
    yield* AutoSync.untilOn(supervisor)
    const failure = yield* Effect.flip(Effect.scoped(look(supervisor, finder, keeping)))
    yield* IntakeNews.reportFailure(supervisor, undefined, "finder", failure)
    yield* Effect.sleep(findEveryMs)
  }
})

/** Looks until auto-sync is turned off, or fails. */
const look = (supervisor: Supervision, finder: Finder, keeping: FoundKeeping) =>
  Effect.gen(function* () {
    yield* finder.watch((peer) => found(supervisor, finder, keeping, peer), renewed(supervisor, finder, keeping))
    for (;;) {
      yield* review(supervisor, finder, keeping)
      yield* Effect.sleep(findEveryMs)
    }
  })

const found = Effect.fnUntraced(function* (
  supervisor: Supervision,
  finder: Finder,
  keeping: FoundKeeping,
  peer: PeerId
) {
  const address = finder.addressOf(peer)
  const isNew = note(supervisor, address, yield* monotonicMs)
  if (!isNew || !(yield* isWanted(supervisor, peer))) return
  const entry = supervisor.routes.get(address)
  if (entry !== undefined) return yield* again(entry, keeping, peer)
  yield* open(supervisor, finder, keeping, peer)
  note(supervisor, address, yield* monotonicMs)
})

/** Notes that a peer was told of; false while that goes on, as its waits do. */
const note = ({ routes }: Supervision, address: string, nowMs: number): boolean => {
  const entry = routes.get(address)
  if (entry === undefined) return true
  const { told } = entry
  const isNew = told === undefined || nowMs - told.lastMs >= awayMsMin
  entry.told = { sinceMs: isNew ? nowMs : told.sinceMs, lastMs: nowMs }
  return isNew
}

/** Dials at once, and again soon where that comes a moment too early. */
const again = (entry: RouteEntry, keeping: FoundKeeping, peer: PeerId): Effect.Effect<void> =>
  Effect.suspend(() => {
    entry.attempts = 0
    return keeping.wake(peer)
  })

/** Whoever was not reached may be now. */
const renewed = Effect.fnUntraced(function* (supervisor: Supervision, finder: Finder, keeping: FoundKeeping) {
  for (const entry of supervisor.routes.values()) {
    const { address, isFound, peer } = entry.route
    if (isFound !== true || peer === undefined || finder.addressOf(peer) !== address) continue
    if (!(yield* isWanted(supervisor, peer))) continue
    yield* again(entry, keeping, peer)
    // Each is to hear of it before there are more wishes than are kept.
    yield* Effect.yieldNow
  }
})

/** Routes for everybody who may be far away, and none for those whom the policy does not admit any more. */
const review = Effect.fnUntraced(function* (supervisor: Supervision, finder: Finder, keeping: FoundKeeping) {
  const devices = new Set(yield* supervisor.gate.devices)
  for (const { route } of supervisor.routes.values()) {
    if (route.isFound === true && route.peer !== undefined && !devices.has(route.peer))
      yield* keeping.close(route.address)
  }
  if (!finder.looksFar) return
  for (const peer of devices) {
    if (yield* isWanted(supervisor, peer)) yield* open(supervisor, finder, keeping, peer)
  }
})

/** Admitted, not this device, and not linked by whatever road, but by a relayed one: a better one may be found. */
const isWanted = Effect.fnUntraced(function* ({ gate, journal, paused, sessions }: Supervision, peer: PeerId) {
  const session = sessions.get(peer)
  const isLinked = session !== undefined && session.path !== "relayed"
  if (peer === Author.peer(journal.info.author) || paused.has(peer) || isLinked) return false
  return (yield* gate.admits(peer)).allowed
})

const open = Effect.fnUntraced(function* (
  supervisor: Supervision,
  finder: Finder,
  keeping: FoundKeeping,
  peer: PeerId
) {
  const address = finder.addressOf(peer)
  const routes = [...supervisor.routes.values()]
  const isFull = routes.filter(({ route }) => route.isFound).length >= foundRoutesMax
  if (isFull || supervisor.routes.has(address)) return
  yield* keeping.open(address, peer)
})
