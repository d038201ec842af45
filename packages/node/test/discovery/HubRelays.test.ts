import { expect, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe } from "vitest"
import * as HubRelays from "../../src/discovery/HubRelays.ts"

const relay = "/ip4/192.0.2.1/udp/4001/quic-v1/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"

/** A hub that answers what it is told to. */
const hub = (said: {
  body: string
  status?: number
  paths: Array<string>
}): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const server = createServer((request, response) => {
          said.paths.push(request.url ?? "")
          response.writeHead(said.status ?? 200).end(said.body)
        })
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        return server
      }),
      (server) => Effect.sync(() => server.close())
    ),
    (server) => `127.0.0.1:${(server.address() as AddressInfo).port}`
  )

describe("relays that hubs announce", () => {
  it.effect("[PL-5] each hub is asked once in ten minutes, below its own path", () =>
    Effect.gen(function* () {
      const said = { body: JSON.stringify({ peer: "somebody", relays: [relay] }), paths: Array<string>() }
      const host = yield* hub(said)
      const relays = HubRelays.of([`ws://${host}/team/sl`, `ws://${host}/team/sl`, relay, "memory:1"])
      expect(yield* relays).toEqual([relay])
      expect(yield* relays).toEqual([relay])
      expect(said.paths).toEqual(["/team/api/v1/identity"])
      yield* TestClock.adjust("11 minutes")
      said.body = JSON.stringify({ relays: [] })
      expect(yield* relays).toEqual([])
    })
  )

  it.effect("[PL-5] one that names none, such as one that is just starting, is asked again after a minute", () =>
    Effect.gen(function* () {
      const said = { body: JSON.stringify({ relays: [] }), paths: Array<string>() }
      const relays = HubRelays.of([`ws://${yield* hub(said)}/sl`])
      expect(yield* relays).toEqual([])
      said.body = JSON.stringify({ relays: [relay] })
      yield* TestClock.adjust("30 seconds")
      expect(yield* relays).toEqual([])
      yield* TestClock.adjust("31 seconds")
      expect(yield* relays).toEqual([relay])
      expect(said.paths).toHaveLength(2)
    })
  )

  it.effect("[PL-5] one that does not answer announces what it announced before", () =>
    Effect.gen(function* () {
      const said: Parameters<typeof hub>[0] = { body: JSON.stringify({ relays: [relay] }), paths: [] }
      const relays = HubRelays.of([`ws://${yield* hub(said)}/sl`])
      yield* relays
      yield* TestClock.adjust("11 minutes")
      said.status = 500
      expect(yield* relays).toEqual([relay])
      expect(said.paths).toHaveLength(2)
    })
  )

  it.effect("[PL-5] an older hub announces none, and what is no list of addresses is not believed", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 17 }, () => relay)
      const bodies = [{}, { relays: many }, { relays: ["http://192.0.2.1/"] }, { relays: [7] }].map((one) =>
        JSON.stringify(one)
      )
      for (const body of [...bodies, "no JSON", JSON.stringify({ relays: [relay], more: "x".repeat(70_000) })]) {
        expect(yield* HubRelays.of([`ws://${yield* hub({ body, paths: [] })}/sl`])).toEqual([])
      }
    })
  )

  it.effect("[PL-5] a hub that is not there costs nothing but the question", () =>
    Effect.map(HubRelays.of(["ws://127.0.0.1:1/sl"]), (found) => expect(found).toEqual([]))
  )
})
