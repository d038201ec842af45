import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { device, echo, eventually, peerOf, tcp, visit } from "./Harness.ts"

const timeoutMs = 60_000

it.live(
  "[LP-49] a device that no relay gives a place waits, and keeps no core busy with looking for others",
  () =>
    Effect.gen(function* () {
      const relays = yield* device(9, { serves: true, listen: [tcp], maxRelayed: 1 }).listen(() => Effect.void)
      yield* device(1, { listen: [tcp], relays }).listen(echo)
      yield* eventually(visit(device(2, { listen: [], relays }), `${relays[0]}/p2p-circuit/p2p/${peerOf(1)}`))
      yield* device(3, { listen: [tcp], relays }).listen(echo)
      yield* Effect.sleep(1_500)
      const before = process.cpuUsage()
      yield* Effect.sleep(3_000)
      const { system, user } = process.cpuUsage(before)
      // It was nine tenths of a core when the library looked for relays by itself.
      expect((system + user) / 3_000_000).toBeLessThan(0.45)
    }),
  timeoutMs
)
