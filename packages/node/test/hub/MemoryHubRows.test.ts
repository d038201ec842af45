// The double that tests of what is built on a hub's store use.
import { Effect } from "effect"
import { HubStore } from "../../src/hub/HubStore.ts"
import { hubStoreConformance } from "./hubStoreConformance.ts"

hubStoreConformance("memory", Effect.succeed(HubStore.layerMemory))
