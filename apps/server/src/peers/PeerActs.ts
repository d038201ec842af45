/** What people do about peers, so that it holds over restarts: said to the orchestrator first, then kept. Who may do it is not asked here. */
import { Orchestrator, type OrchestratorError, type PeerId, type SyncCommand } from "@syncline/core"
import type { AdminPeers } from "@syncline/core/admin"
import { Effect } from "effect"
import { AddressGuard } from "./AddressGuard.ts"
import * as PeerView from "./PeerView.ts"
import { because, NoneHere } from "./PeersError.ts"
import { SavedPeers } from "./SavedPeers.ts"

type Needs = AddressGuard | PeerView.Needs
type Acting<A = void> = Effect.fn.Return<A, PeerView.Failures, Needs>

interface NewRoute {
  readonly address: string
  readonly peer?: PeerId.PeerId | undefined
  readonly note?: string | undefined
}

/** Adds a route and keeps it; one that cannot be kept is not dialled either. */
export const addRoute = Effect.fnUntraced(function* ({ address, note = "", peer }: NewRoute): Acting {
  yield* (yield* AddressGuard).check(address)
  const { send } = yield* Orchestrator.Orchestrator
  yield* peer === undefined ? send({ _tag: "AddRoute", address }) : send({ _tag: "AddPeer", address, peer })
  yield* Effect.tapError((yield* SavedPeers).addRoute({ address, peer: peer ?? null, note }), () =>
    Effect.ignore(send({ _tag: "RemoveRoute", address }))
  )
})

/** Fails with `RouteUnknown` where there is none. */
export const removeRoute = Effect.fnUntraced(function* (address: string): Acting {
  const kept = yield* (yield* SavedPeers).removeRoutes((route) => route.address === address)
  const removing = (yield* Orchestrator.Orchestrator).send({ _tag: "RemoveRoute", address })
  yield* kept.length === 0 ? removing : unlessUnknown(removing)
})

/** Ends the links with a peer and removes its routes. Fails with `RouteUnknown` where there is nothing of it. */
export const removePeer = Effect.fnUntraced(function* (peer: PeerId.PeerId): Acting {
  const kept = yield* (yield* SavedPeers).removeRoutes((route) => route.peer === peer)
  const removing = (yield* Orchestrator.Orchestrator).send({ _tag: "RemovePeer", peer })
  yield* kept.length === 0 ? removing : unlessUnknown(removing)
})

/** What was kept and is not dialled now is no failure. */
const unlessUnknown = (sending: Effect.Effect<SyncCommand.Touched, OrchestratorError.OrchestratorError>) =>
  Effect.catch(sending, (failure) =>
    failure.reason._tag === "RouteUnknown" ? Effect.succeed({ touched: 0 }) : Effect.fail(failure)
  )

export const pause = Effect.fnUntraced(function* (peer: PeerId.PeerId): Acting<SyncCommand.Touched> {
  const { send } = yield* Orchestrator.Orchestrator
  yield* (yield* SavedPeers).pause(peer)
  return yield* send({ _tag: "PausePeer", peer })
})

export const resume = Effect.fnUntraced(function* (peer: PeerId.PeerId): Acting<SyncCommand.Touched> {
  yield* (yield* SavedPeers).resume(peer)
  return yield* (yield* Orchestrator.Orchestrator).send({ _tag: "ResumePeer", peer })
})

/** Ends the links with a peer. One that is not paused may come back at once. Fails with `NoneHere`. */
export const kick = Effect.fnUntraced(function* (peer: PeerId.PeerId): Acting<typeof AdminPeers.Kicked.Type> {
  const { state } = yield* PeerView.one(peer)
  const { send } = yield* Orchestrator.Orchestrator
  const { touched } = yield* send({ _tag: "PausePeer", peer })
  if (state !== "paused") yield* send({ _tag: "ResumePeer", peer })
  return { touched, mayComeBack: state !== "paused" && state !== "blocked" }
})

/** Fails with `NoneHere` for a peer that the hub knows nothing of. */
export const sync = Effect.fnUntraced(function* (peer: PeerId.PeerId | undefined): Acting<SyncCommand.Touched> {
  if (peer !== undefined && !(yield* PeerView.known()).ids.has(peer)) {
    return yield* Effect.fail(because(new NoneHere({ kind: "peer", id: peer })))
  }
  return yield* (yield* Orchestrator.Orchestrator).send({ _tag: "ForceSync", peer: peer ?? null })
})

/** Dials the kept routes in this order from now on. Their links are made anew. */
export const order = Effect.fnUntraced(function* (addresses: ReadonlyArray<string>): Acting {
  const sorted = yield* (yield* SavedPeers).order(addresses)
  const { send } = yield* Orchestrator.Orchestrator
  for (const { address, peer } of sorted) {
    yield* unlessUnknown(send({ _tag: "RemoveRoute", address }))
    yield* peer === null ? send({ _tag: "AddRoute", address }) : send({ _tag: "AddPeer", address, peer })
  }
})
