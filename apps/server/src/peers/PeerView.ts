/** Peers as people see them: what the orchestrator knows now, what was summed up before, and what the charter says of them. It changes nothing. */
import {
  Charter,
  type CharterState,
  Journal,
  type JournalError,
  Orchestrator,
  type OrchestratorError,
  type PeerId,
  type Status
} from "@syncline/core"
import type { AdminPeers } from "@syncline/core/admin"
import type { HubStoreError } from "@syncline/node/hub"
import { Effect, Option } from "effect"
import { because, NoneHere, type PeersError } from "./PeersError.ts"
import { PeerTotals } from "./PeerTotals.ts"
import { SavedPeers } from "./SavedPeers.ts"

/** Why a question about peers has no answer, and what it takes to ask it. */
export type Failures =
  | HubStoreError.HubStoreError
  | JournalError.JournalError
  | OrchestratorError.OrchestratorError
  | PeersError
export type Needs = Journal.Journal | Orchestrator.Orchestrator | PeerTotals | SavedPeers
type Asking<A> = Effect.fn.Return<A, Failures, Needs>

export interface Known {
  readonly ids: ReadonlySet<PeerId.PeerId>
  readonly status: ReadonlyMap<PeerId.PeerId, Status.PeerStatus>
  readonly totals: ReadonlyMap<PeerId.PeerId, AdminPeers.PeerTotals>
}

/** Ids of all peers that there is something to say of: met since the start or before, named by a route, or paused. */
export const known = Effect.fnUntraced(function* (): Asking<Known> {
  const { routes, status, totals } = yield* facts
  return { ids: new Set([...status.keys(), ...totals.keys(), ...routes, ...(yield* pausedIds)]), status, totals }
})

const pausedIds = Effect.flatMap(SavedPeers, ({ pauses }) => pauses)

const facts = Effect.gen(function* () {
  const { peers, routes } = yield* (yield* Orchestrator.Orchestrator).status
  const totals = yield* (yield* PeerTotals).all
  const named = routes.flatMap(({ peer }) => (peer === undefined ? [] : [peer]))
  return { status: new Map(peers.map((each) => [each.peer, each])), totals, routes: named }
})

/** One of them. Fails with `NoneHere`. */
export const one = Effect.fnUntraced(function* (peer: PeerId.PeerId): Asking<AdminPeers.Peer> {
  const { ids, status, totals } = yield* known()
  if (!ids.has(peer)) return yield* Effect.fail(because(new NoneHere({ kind: "peer", id: peer })))
  const paused = new Set(yield* pausedIds)
  return yield* shown(peer, { status: status.get(peer), totals: totals.get(peer), isPaused: paused.has(peer) })
})

/** Some of them, in the order of their ids. */
export const some = Effect.fnUntraced(function* (
  ids: ReadonlyArray<PeerId.PeerId>,
  all: Known
): Asking<ReadonlyArray<AdminPeers.Peer>> {
  const paused = new Set(yield* pausedIds)
  return yield* Effect.forEach(ids, (peer) =>
    shown(peer, { status: all.status.get(peer), totals: all.totals.get(peer), isPaused: paused.has(peer) })
  )
})

interface Facts {
  readonly status: Status.PeerStatus | undefined
  readonly totals: AdminPeers.PeerTotals | undefined
  readonly isPaused: boolean
}

const shown = Effect.fnUntraced(function* (peer: PeerId.PeerId, { isPaused, status, totals }: Facts) {
  const row = yield* (yield* Journal.Journal).peer(peer)
  const charter = Option.getOrUndefined(yield* Effect.serviceOption(Charter.Charter))
  const state = status?.state ?? (isPaused ? "paused" : "offline")
  const answer: AdminPeers.Peer = {
    peer,
    device: deviceIn(charter?.state(), peer),
    route: status?.route ?? null,
    path: status?.path ?? null,
    state,
    pendingOut: status?.pendingOut ?? 0,
    pendingIn: status?.pendingIn ?? 0,
    sentEvents: status?.sentEvents ?? 0,
    receivedEvents: status?.receivedEvents ?? 0,
    provenAtMs: status?.provenAtMs ?? null,
    lastError: status?.lastError ?? null,
    totals: totals ?? null,
    cursor: row === undefined ? null : { taken: row.cursor, acknowledged: row.acknowledged, custody: row.custody },
    eidetica: eideticaOf(state, status?.lastError)
  }
  return answer
})

const deviceIn = (state: CharterState.CharterState | undefined, peer: PeerId.PeerId) => {
  const device = state?.devices.get(peer)
  return device === undefined ? null : { member: device.member, name: device.name, isPaused: device.isPaused }
}

/** Nobody is `Connected` there who is not linked now. */
export const eideticaOf = (state: AdminPeers.Peer["state"], lastError: string | undefined): AdminPeers.Eidetica => {
  switch (state) {
    case "paused":
    case "blocked":
      return { status: "Blocked", connection: "Disconnected" }
    case "offline":
      return { status: "Inactive", connection: lastError === undefined ? "Disconnected" : "Failed" }
    case "connecting":
      return { status: "Active", connection: "Connecting" }
    case "held":
    case "synced":
    case "syncing":
      return { status: "Active", connection: "Connected" }
  }
}
