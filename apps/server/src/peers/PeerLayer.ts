/** What a hub keeps of peers and of where it may call. Composition only. */
import type { Orchestrator } from "@syncline/core"
import type { HubStore } from "@syncline/node/hub"
import { Layer } from "effect"
import { AddressGuard, type AddressGuardShape } from "./AddressGuard.ts"
import { PeerTotals } from "./PeerTotals.ts"
import { RouteTests } from "./RouteTests.ts"
import { SavedPeers } from "./SavedPeers.ts"

export type PeerServices = AddressGuard | PeerTotals | RouteTests | SavedPeers

export const layer = (
  guard: AddressGuardShape
): Layer.Layer<PeerServices, never, HubStore.HubStore | Orchestrator.Orchestrator> =>
  Layer.mergeAll(Layer.succeed(AddressGuard, guard), PeerTotals.layer, RouteTests.layer, SavedPeers.layer)
