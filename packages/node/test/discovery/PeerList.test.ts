// Lists of peers from elsewhere: what is read of them, and what is never called.
import { createServer, type Server } from "node:https"
import type { AddressInfo, LookupFunction } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import type { RequestListener } from "node:http"
import * as PeerList from "../../src/discovery/PeerList.ts"
import { isPublic, lookupPublic } from "../../src/discovery/PublicAddress.ts"
import { certificate, privateKey } from "./listCertificate.ts"

const here: LookupFunction = (_, options, callback) =>
  options.all === true ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4)

/** A server on loopback that answers as list.peers.net. */
const serve = (answer: RequestListener): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer({ cert: certificate, key: privateKey }, answer)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  ).pipe(Effect.map((server) => `https://list.peers.net:${(server.address() as AddressInfo).port}/peers.json`))

const options = { ca: certificate, lookup: here }
const peer = (url: string, verified = false) => ({ name: url, url, description: "d", location: "l", verified })

describe("a list of peers", () => {
  it.live("[PL-1] names the verified ones first, each once, and leaves out what is none", () =>
    Effect.gen(function* () {
      const list = [
        peer("https://one.peers.net:5342"),
        peer("https://two.peers.net", true),
        { name: "no address" },
        peer("https://one.peers.net:5342/again"),
        "a word",
        { name: "few words", url: "https://[2606:4700::1111]:5342" }
      ]
      const url = yield* serve((_, response) => void response.end(JSON.stringify(list)))
      const found = yield* PeerList.fetchList(url, options)
      expect(found.map(({ address, isVerified }) => [address, isVerified])).toEqual([
        ["https://two.peers.net", true],
        ["https://one.peers.net:5342", false],
        ["https://[2606:4700::1111]:5342", false]
      ])
    })
  )

  it.effect("[PL-1] is read up to its bound", () =>
    Effect.gen(function* () {
      const list = Array.from({ length: 400 }, (_, i) => peer(`https://p${i}.peers.net`))
      const found = yield* PeerList.parse("https://list.peers.net", JSON.stringify(list))
      expect(found).toHaveLength(PeerList.listedPeersMax)
    })
  )

  it.live("[PL-3] that cannot be had, or is none, is told", () =>
    Effect.gen(function* () {
      const answers: ReadonlyArray<readonly [RequestListener, string]> = [
        [(_, response) => void response.writeHead(302, { location: "https://127.0.0.1/" }).end(), "it answered 302"],
        [(_, response) => void response.writeHead(500).end(), "it answered 500"],
        [(_, response) => void response.end("{"), "it is no JSON"],
        [(_, response) => void response.end("{}"), "it is no list"],
        [(_, response) => void response.end("x".repeat(PeerList.listBytesMax + 1)), "more than 262144 bytes"],
        [(request) => void request.socket.destroy(), "cannot be had"]
      ]
      for (const [answer, problem] of answers) {
        const url = yield* serve(answer)
        const error = yield* Effect.flip(PeerList.fetchList(url, options))
        expect(error.message).toContain(problem)
      }
      const untrusted = yield* serve((_, response) => void response.end("[]"))
      const error = yield* Effect.flip(PeerList.fetchList(untrusted, { lookup: here }))
      expect(error.reason._tag).toBe("ListUnreachable")
    })
  )
})

describe("what is never called", () => {
  it("[PL-2] addresses that are not on the internet, in any spelling", () => {
    const hidden = ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.31.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]
    const hiddenToo = [
      "::1",
      "::",
      "fe80::1",
      "fd00::1",
      "::ffff:127.0.0.1",
      "::ffff:a00:1",
      "64:ff9b::7f00:1",
      "ff02::1"
    ]
    for (const address of [...hidden, ...hiddenToo, "224.0.0.1", "255.255.255.255", "no address"]) {
      expect([address, isPublic(address)]).toEqual([address, false])
    }
    for (const address of ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"]) {
      expect([address, isPublic(address)]).toEqual([address, true])
    }
  })

  it.effect("[PL-2] lists and peers there", () =>
    Effect.gen(function* () {
      const closed = [
        "http://list.peers.net",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "https://router/",
        "https://printer.local/",
        "https://me:secret@list.peers.net/",
        "file:///etc/passwd",
        "no address"
      ]
      for (const url of closed) {
        const error = yield* Effect.flip(PeerList.fetchList(url))
        expect([url, error.reason._tag]).toEqual([url, "ListAddressRefused"])
      }
      const named = yield* PeerList.parse("https://list.peers.net", JSON.stringify(closed.map((url) => peer(url))))
      expect(named).toEqual([])
    })
  )

  it.live("[PL-4] what a list names is looked up for the dial itself, and goes nowhere but to the internet", () =>
    Effect.gen(function* () {
      const url = yield* serve((_, response) => void response.end(JSON.stringify([peer("https://one.peers.net:5342")])))
      const { dial, fetch, name } = PeerList.routeList(url, options)
      expect(name).toBe(url)
      expect(yield* fetch).toEqual(["https://one.peers.net:5342"])
      expect(dial.lookup).toBe(here)
      const unless = PeerList.routeList("http://list.peers.net")
      expect(unless.dial.lookup).toBe(lookupPublic)
      const failure = yield* Effect.flip(unless.fetch)
      expect(failure).toMatchObject({ code: "ListAddressRefused" })
      expect(failure.message).toContain("it must begin with https:")
    })
  )

  it("[PL-2] a name that stands for such an address", async () => {
    for (const all of [true, false]) {
      const problem = await new Promise<string>((resolve) =>
        lookupPublic("localhost", { all }, (error) => resolve(String(error)))
      )
      expect(problem).toContain("localhost is at")
    }
  })
})
