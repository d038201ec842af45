/**
 * Dials peers that transports find by themselves: whoever the policy admits and that is not linked. Near ones as soon as a transport
 * tells of them, far ones wherever it looks far. Such routes come behind the node's own. What finding means the transport knows, and
 * a found peer proves who it is like every other.
 */
import { Effect, FiberMap } from "effect"
import * as Author from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Finder } from "../transport/Transport.ts"
import * as AutoSync from "./AutoSync.ts"
import * as IntakeNews from "./IntakeNews.ts"
import type { Supervision } from "./Supervision.ts"

/** Routes to peers that were found; whoever is found beyond it is left to dial this node. */
export const foundRoutesMax = 64
/** How often it is looked whom the policy admits, in milliseconds. */
export const findEveryMs = 60_000

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
    yield* finder.watch((peer) => found(supervisor, finder, keeping, peer))
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
  if (!(yield* isWanted(supervisor, peer))) return
  if (supervisor.routes.has(finder.addressOf(peer))) return yield* keeping.wake(peer)
  yield* open(supervisor, finder, keeping, peer)
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

/** Admitted, not this device, and not linked by whatever road. */
const isWanted = Effect.fnUntraced(function* ({ gate, journal, paused, sessions }: Supervision, peer: PeerId) {
  if (peer === Author.peer(journal.info.author) || paused.has(peer) || sessions.get(peer) !== undefined) return false
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
