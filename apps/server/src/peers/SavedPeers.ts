/**
 * What people said about peers that holds over restarts: routes, pauses, and whether the hub syncs by itself. They lie beside the accounts; what is
 * done about them is the orchestrator's.
 */
import { AutoSyncMode, Orchestrator, PeerId } from "@syncline/core"
import { HubStore, type HubStoreError } from "@syncline/node/hub"
import { Context, Effect, Layer, Schema } from "effect"
import { createHash } from "node:crypto"
import { because, type PeersError, SavedExhausted } from "./PeersError.ts"

/** Routes that are kept: as many as a node has. */
export const savedRoutesMax = 256
/** Pauses that are kept. */
export const savedPausesMax = 1_024

const SavedRoute = Schema.Struct({
  address: Schema.String,
  peer: Schema.NullOr(PeerId.PeerId),
  note: Schema.String,
  /** They are dialled in this order, the smallest first. */
  place: Schema.Int
})
export type SavedRoute = typeof SavedRoute.Type

type StoreFailure = HubStoreError.HubStoreError

export interface SavedPeersShape {
  /** In their order. */
  readonly routes: Effect.Effect<ReadonlyArray<SavedRoute>, StoreFailure>
  /** Keeps it behind the others, or in the place of the one with its address. Fails with `SavedExhausted`. */
  readonly addRoute: (route: Omit<SavedRoute, "place">) => Effect.Effect<void, StoreFailure | PeersError>
  /** Gives those that were kept. */
  readonly removeRoutes: (
    isMeant: (route: SavedRoute) => boolean
  ) => Effect.Effect<ReadonlyArray<SavedRoute>, StoreFailure>
  /** Puts these in front, in this order, and gives all. Addresses that are not kept change nothing. */
  readonly order: (addresses: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<SavedRoute>, StoreFailure>
  readonly pauses: Effect.Effect<ReadonlyArray<PeerId.PeerId>, StoreFailure>
  /** Fails with `SavedExhausted`. */
  readonly pause: (peer: PeerId.PeerId) => Effect.Effect<void, StoreFailure | PeersError>
  readonly resume: (peer: PeerId.PeerId) => Effect.Effect<void, StoreFailure>
  readonly setAutoSync: (mode: AutoSyncMode.AutoSyncMode) => Effect.Effect<void, StoreFailure>
  readonly autoSync: Effect.Effect<AutoSyncMode.AutoSyncMode | undefined, StoreFailure>
}

const routePrefix = "route/"
const pausePrefix = "pause/"
const autoSyncKey = "auto-sync"

const keyOf = (address: string): string => routePrefix + createHash("sha256").update(address).digest("hex")

const readRoute = Schema.decodeUnknownOption(Schema.fromJsonString(SavedRoute))
const readMode = Schema.decodeUnknownOption(Schema.fromJsonString(AutoSyncMode.AutoSyncMode))

type Reads = Pick<HubStore.HubReads, "settings">

/** What cannot be read any more is left out. */
const routesIn = ({ settings }: Reads): ReadonlyArray<SavedRoute> =>
  settings
    .keys(routePrefix)
    .flatMap((key) => {
      const read = readRoute(settings.get(key))
      return read._tag === "Some" ? [read.value] : []
    })
    .toSorted((one, other) => one.place - other.place)

const put = ({ settings }: HubStore.HubRows, route: SavedRoute): void =>
  settings.set(keyOf(route.address), JSON.stringify(route))

export class SavedPeers extends Context.Service<SavedPeers, SavedPeersShape>()("@syncline/server/peers/SavedPeers") {
  static readonly layer: Layer.Layer<SavedPeers, never, HubStore.HubStore> = Layer.effect(
    SavedPeers,
    Effect.map(HubStore.HubStore, (store) => make(store))
  )
}

const make = (store: HubStore.HubStoreShape): SavedPeersShape => ({
  routes: store.read(routesIn),
  addRoute: (route) => addRoute(store, route),
  removeRoutes: (isMeant) =>
    store.change((rows) => {
      const meant = routesIn(rows).filter(isMeant)
      for (const { address } of meant) rows.settings.remove(keyOf(address))
      return meant
    }),
  order: (addresses) => store.change((rows) => order(rows, addresses)),
  pauses: store.read(pausesIn),
  pause: (peer) =>
    Effect.flatMap(
      store.change((rows) => {
        const { settings } = rows
        const isNew = settings.get(pausePrefix + peer) === undefined
        if (isNew && settings.keys(pausePrefix).length >= savedPausesMax) return false
        settings.set(pausePrefix + peer, "1")
        return true
      }),
      (isKept) => (isKept ? Effect.void : exhausted("pauses", savedPausesMax))
    ),
  resume: (peer) => Effect.asVoid(store.change(({ settings }) => settings.remove(pausePrefix + peer))),
  setAutoSync: (mode) => store.change(({ settings }) => settings.set(autoSyncKey, JSON.stringify(mode))),
  autoSync: store.read(({ settings }) => {
    const read = readMode(settings.get(autoSyncKey))
    return read._tag === "Some" ? read.value : undefined
  })
})

const exhausted = (kind: "routes" | "pauses", limit: number) =>
  Effect.fail(because(new SavedExhausted({ kind, limit })))

const addRoute = (store: HubStore.HubStoreShape, route: Omit<SavedRoute, "place">) =>
  Effect.flatMap(
    store.change((rows) => {
      const known = routesIn(rows)
      const before = known.find(({ address }) => address === route.address)
      if (before === undefined && known.length >= savedRoutesMax) return false
      put(rows, { ...route, place: before?.place ?? (known.at(-1)?.place ?? 0) + 1 })
      return true
    }),
    (isKept) => (isKept ? Effect.void : exhausted("routes", savedRoutesMax))
  )

const order = (rows: HubStore.HubRows, addresses: ReadonlyArray<string>): ReadonlyArray<SavedRoute> => {
  const wanted = new Map(addresses.map((address, i) => [address, i]))
  const known = routesIn(rows)
  const rank = (route: SavedRoute): number => wanted.get(route.address) ?? wanted.size + known.indexOf(route)
  const sorted = known.toSorted((one, other) => rank(one) - rank(other)).map((route, i) => ({ ...route, place: i + 1 }))
  for (const route of sorted) put(rows, route)
  return sorted
}

const pausesIn = ({ settings }: Reads): ReadonlyArray<PeerId.PeerId> =>
  settings
    .keys(pausePrefix)
    .map((key) => key.slice(pausePrefix.length))
    .filter(PeerId.is)

/**
 * Says it all to an orchestrator again, before it starts: who is paused gets no link even for a moment. Where it cannot be read, that is told
 * in the log and the hub goes on.
 */
export const replay: Effect.Effect<void, never, SavedPeers | Orchestrator.Orchestrator> = Effect.gen(function* () {
  const [saved, { send }] = [yield* SavedPeers, yield* Orchestrator.Orchestrator]
  const mode = yield* saved.autoSync
  if (mode !== undefined) yield* send({ _tag: "SetAutoSync", mode })
  for (const peer of yield* saved.pauses) yield* send({ _tag: "PausePeer", peer })
  for (const { address, peer } of yield* saved.routes) {
    const added = peer === null ? send({ _tag: "AddRoute", address }) : send({ _tag: "AddPeer", address, peer })
    // E.g. one of a transport that this start has not.
    yield* Effect.catch(added, (failure) => Effect.logWarning("a route is not taken up again", { address, failure }))
  }
}).pipe(Effect.catch((failure) => Effect.logError("routes and pauses are not taken up again", failure)))
