import { Effect } from "effect"
import { transportConformance } from "../../src/testing/TransportConformance.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import * as FaultyTransport from "./FaultyTransport.ts"

transportConformance(
  "memory",
  Effect.sync(() => {
    const network = MemoryTransport.makeNetwork()
    const { transport, ...faults } = FaultyTransport.make(MemoryTransport.make(network, "client"))
    return {
      server: MemoryTransport.make(network, "server"),
      client: transport,
      route: Effect.succeed,
      nobody: "memory:nobody",
      invalid: "elsewhere:1",
      ...faults
    }
  })
)
