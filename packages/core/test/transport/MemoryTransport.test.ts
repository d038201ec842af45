import { Effect } from "effect"
import { sessionConformance } from "../../src/testing/SessionConformance.ts"
import { transportConformance } from "../../src/testing/TransportConformance.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import * as FaultyTransport from "./FaultyTransport.ts"

const setup = Effect.sync(() => {
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

transportConformance("memory", setup)
sessionConformance("memory", setup)
