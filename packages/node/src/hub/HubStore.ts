/**
 * Where a hub keeps its accounts, how they sign in, their sessions and tokens, attempts that failed, and settings that people
 * make while it runs. It keeps rows within their bounds and decides nothing: who may sign in, and what that allows, is for
 * others. Nothing of it is of the space, and nothing of it syncs.
 */
import { Context, Layer } from "effect"
import type { HubStoreShape } from "./HubRows.ts"
import * as MemoryHubRows from "./MemoryHubRows.ts"

export type { HubReads, HubRows, HubStoreShape } from "./HubRows.ts"

export class HubStore extends Context.Service<HubStore, HubStoreShape>()("@syncline/node/hub/HubStore") {
  /** In memory, for tests: it ends with the layer. */
  static readonly layerMemory: Layer.Layer<HubStore> = Layer.sync(HubStore, () => MemoryHubRows.make())
}
