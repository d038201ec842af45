// Lists of peers at the edges: what a name stands for, what takes too long, and what is left of a call.
import { createServer, type Server } from "node:https"
import type { AddressInfo, LookupFunction, Socket } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { RequestListener } from "node:http"
import { vi } from "vitest"
import * as PeerList from "../../src/discovery/PeerList.ts"
import { isPublic, lookupPublic } from "../../src/discovery/PublicAddress.ts"
import { certificate, privateKey } from "./listCertificate.ts"

/** What names stand for here, beside those that nobody asks for. */
const names = vi.hoisted(
  () => ({ "two-sided.peers.net": ["93.184.216.34", "127.0.0.1"] }) as Record<string, Array<string>>
)

vi.mock("node:dns", () => ({
  lookup: (
    name: string,
    options: { readonly all?: boolean },
    callback: (error: null, ...found: Array<unknown>) => void
  ) => {
    const found = (names[name] ?? []).map((address) => ({ address, family: 4 }))
    return options.all === true ? callback(null, found) : callback(null, found[0]?.address, 4)
  }
}))

const here: LookupFunction = (_, options, callback) =>
  options.all === true ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4)

/** A server on loopback that answers as list.peers.net, with its connections. */
const serve = (
  answer: RequestListener
): Effect.Effect<{ readonly url: string; readonly open: Set<Socket> }, never, Scope.Scope> => {
  const open = new Set<Socket>()
  return Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer({ cert: certificate, key: privateKey }, answer)
      server.on("secureConnection", (socket: Socket) => {
        open.add(socket)
        socket.on("close", () => open.delete(socket))
        socket.on("error", () => undefined)
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  ).pipe(Effect.map((server) => ({ url: `https://list.peers.net:${(server.address() as AddressInfo).port}/p`, open })))
}

const options = { ca: certificate, lookup: here }
/** Waits for something outside, in real time. */
const until = (holds: () => boolean) =>
  Effect.promise(async () => {
    for (let tries = 0; tries < 200 && !holds(); tries++) await new Promise((done) => setTimeout(done, 10))
    return holds()
  })

describe("what is never called", () => {
  it("[PL-2] addresses of every range that is not of the internet, and of none beside them", () => {
    const hidden = [
      "192.0.0.1",
      "192.0.2.1",
      "192.88.99.1",
      "198.18.0.1",
      "198.19.255.255",
      "198.51.100.7",
      "203.0.113.7"
    ]
    const six = [
      "2001::1",
      "2001:1ff::1",
      "2001:db8::1",
      "2002:7f00:1::1",
      "4000::1",
      "1000::1",
      "5f00::1",
      "2",
      "3.example"
    ]
    for (const address of [...hidden, ...six]) expect([address, isPublic(address)]).toEqual([address, false])
    const beside = [
      "192.0.3.1",
      "198.17.255.255",
      "198.20.0.0",
      "198.51.101.0",
      "203.0.114.0",
      "2001:200::1",
      "2003::1"
    ]
    for (const address of [...beside, "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "11.0.0.0"]) {
      expect([address, isPublic(address)]).toEqual([address, true])
    }
  })

  it.live("[PL-2] a name of which one address is none of the internet, whatever the others are", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(PeerList.fetchList("https://two-sided.peers.net/"))
      expect(error.message).toContain("two-sided.peers.net is at 127.0.0.1")
      expect(error.reason._tag).toBe("ListUnreachable")
      const problem = yield* Effect.promise(
        () =>
          new Promise((resolve) =>
            lookupPublic("two-sided.peers.net", { all: false }, (failure) => resolve(String(failure)))
          )
      )
      expect(problem).toContain("127.0.0.1")
    })
  )
})

describe("a call for a list", () => {
  it.effect("[PL-1] ends after 8 s", () =>
    Effect.gen(function* () {
      const { open, url } = yield* serve(() => undefined)
      const asking = yield* Effect.forkChild(Effect.flip(PeerList.fetchList(url, options)), { startImmediately: true })
      expect(yield* until(() => open.size === 1)).toBe(true)
      yield* TestClock.adjust(PeerList.listMsMax - 1)
      expect(asking.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(1)
      expect((yield* Fiber.join(asking)).message).toContain("no answer within 8000 ms")
      expect(yield* until(() => open.size === 0)).toBe(true)
    })
  )

  it.live("[PL-3] leaves no connection behind, however it ends", () =>
    Effect.gen(function* () {
      const endless: RequestListener = (_, response) => {
        response.writeHead(500)
        response.write("and so on")
      }
      const { open, url } = yield* serve(endless)
      expect((yield* Effect.flip(PeerList.fetchList(url, options))).message).toContain("it answered 500")
      expect(yield* until(() => open.size === 0)).toBe(true)
      const silent = yield* serve(() => undefined)
      const asking = yield* Effect.forkChild(PeerList.fetchList(silent.url, options), { startImmediately: true })
      expect(yield* until(() => silent.open.size === 1)).toBe(true)
      yield* Fiber.interrupt(asking)
      expect(yield* until(() => silent.open.size === 0)).toBe(true)
    })
  )

  it.live("[PL-3] that is cut off in the middle is told", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((request, response) => {
        response.writeHead(200, { "content-length": "100" })
        response.write("[")
        setTimeout(() => request.socket.destroy(), 20)
      })
      const error = yield* Effect.flip(PeerList.fetchList(url, options))
      expect(error.reason._tag).toBe("ListUnreachable")
      expect(error.message).toContain("aborted")
    })
  )

  it.effect("[PL-1] has each address as it was named first", () =>
    Effect.gen(function* () {
      const list = ["first", "second"].map((name) => ({ name, url: "https://one.peers.net" }))
      const found = yield* PeerList.parse("https://list.peers.net", JSON.stringify(list))
      expect(found.map(({ name }) => name)).toEqual(["first"])
    })
  )
})
