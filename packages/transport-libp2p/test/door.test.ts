import { describe, expect, it } from "@effect/vitest"
import { Link, type PeerId } from "@syncline/core"
import { Effect, Metric } from "effect"
import { frameMessage, takenMessage } from "../src/FrameReader.ts"
import { protocols } from "../src/Libp2pLinks.ts"
import { linksTotal } from "../src/Libp2pMetrics.ts"
import {
  counted,
  device,
  eventually,
  listen,
  peerOf,
  quic,
  rawConnection,
  refused,
  tcp,
  until,
  visit
} from "./Harness.ts"

const timeoutMs = 30_000

/** A stream of a hostile device that has said its number. */
const rawStream = Effect.fnUntraced(function* (address: string, number = 66) {
  const connection = yield* rawConnection(number, address)
  const stream = yield* Effect.promise(() => connection.newStream(protocols.sync))
  stream.addEventListener("message", () => {})
  stream.send(frameMessage(new Uint8Array(16)))
  return stream
})

const isOver = (stream: { readonly status: string }): Effect.Effect<boolean> =>
  Effect.sync(() => stream.status !== "open" && stream.status !== "closing")

describe("who gets in", () => {
  for (const [name, bind] of [
    ["TCP", tcp],
    ["QUIC", quic]
  ] as const) {
    it.live(
      `[LP-5] over ${name} a peer that is not admitted gets no link, and once it is, it does`,
      () =>
        Effect.gen(function* () {
          const admitted = new Set<PeerId.PeerId>()
          const admits = (peer: PeerId.PeerId) => Effect.sync(() => admitted.has(peer))
          const address = yield* listen(device(1, { listen: [bind] }, admits))
          const failure = yield* Effect.flip(visit(device(2, { listen: [] }), address))
          expect(failure.reason._tag).toBe("Unreachable")
          expect(yield* refused("not-admitted")).toBeGreaterThan(0)
          admitted.add(peerOf(2))
          expect((yield* visit(device(2, { listen: [] }), address)).echoed).toBe("1,2,3")
        }).pipe(counted),
      timeoutMs
    )
  }

  it.live(
    "[LP-6] a peer that is not admitted any more loses its connection, though it has no link",
    () =>
      Effect.gen(function* () {
        let isAdmitted = true
        const address = yield* listen(device(1, { listen: [tcp] }, () => Effect.sync(() => isAdmitted)))
        const connection = yield* rawConnection(66, address)
        isAdmitted = false
        yield* until(isOver(connection)).pipe(Effect.timeout(10_000))
        expect(yield* refused("not-admitted")).toBe(1)
      }).pipe(counted),
    timeoutMs
  )

  it.live(
    "[LP-1] the peer id is that of the device's key, and nobody else answers in its place",
    () =>
      Effect.gen(function* () {
        const address = yield* listen(device(1, { listen: [tcp] }))
        expect(address.endsWith(`/p2p/${peerOf(1)}`)).toBe(true)
        const failure = yield* Effect.flip(visit(device(2, { listen: [] }), address.replace(peerOf(1), peerOf(3))))
        expect(failure.reason._tag).toBe("Unreachable")
      }),
    timeoutMs
  )

  it.live(
    "[LP-2] the channel binding names dialler and listener",
    () =>
      Effect.gen(function* () {
        const address = yield* listen(device(1, { listen: [tcp] }))
        const link = yield* device(2, { listen: [] }).dial(address)
        const text = Buffer.from(link.channelBinding).toString("latin1")
        expect(text.startsWith(`libp2p/1/${peerOf(2)}/${peerOf(1)}/`)).toBe(true)
        expect(link.channelBinding.length).toBe(`libp2p/1/${peerOf(2)}/${peerOf(1)}/`.length + 32)
      }),
    timeoutMs
  )
})

describe("what a hostile peer may do", () => {
  it.live(
    "[LP-3] a frame beyond the limit ends its stream, and others go on",
    () =>
      Effect.gen(function* () {
        const address = yield* listen(device(1, { listen: [tcp] }))
        const tooLarge = yield* rawStream(address)
        tooLarge.send(Uint8Array.of(0, 0x10, 0, 1))
        yield* until(isOver(tooLarge))
        expect((yield* visit(device(2, { listen: [] }), address)).echoed).toBe("1,2,3")
      }),
    timeoutMs
  )

  it.live(
    "[LP-4] who sends more than the window, in large frames or small ones, or took more than was sent, is cut off",
    () =>
      Effect.gen(function* () {
        const takesNothing = () => Effect.never
        const address = yield* listen(device(1, { listen: [tcp] }), takesNothing)
        const large = frameMessage(new Uint8Array(1_000_000))
        const small = frameMessage(new Uint8Array(0))
        const floods = [
          { message: large, times: Math.ceil(Link.linkBufferBytesMax / 1_000_000) },
          { message: small, times: Link.linkBufferBytesMax / 1_024 + 1 },
          { message: takenMessage(5_000_000), times: 1 }
        ]
        for (const [number, { message, times }] of floods.entries()) {
          const stream = yield* rawStream(address, 66 + number)
          for (let sent = 0; sent < times; sent++) stream.send(message)
          yield* until(isOver(stream))
        }
      }),
    timeoutMs
  )

  it.live(
    "[LP-40] who breaks the protocol on one stream loses its connections, and gets no other one for a while",
    () =>
      Effect.gen(function* () {
        const address = yield* listen(device(1, { listen: [tcp] }))
        const [first, second] = [yield* rawConnection(66, address), yield* rawConnection(66, address)]
        const stream = yield* Effect.promise(() => first.newStream(protocols.sync))
        stream.send(Uint8Array.of(0, 0x10, 0, 1))
        yield* until(isOver(first))
        yield* Effect.promise(() => second.newStream(protocols.sync).catch(() => undefined))
        yield* until(isOver(second))
        const again = yield* rawConnection(66, address).pipe(Effect.catchDefect(() => Effect.undefined))
        if (again !== undefined) yield* until(isOver(again))
        expect(yield* refused("not-admitted")).toBeGreaterThan(0)
        expect((yield* visit(device(2, { listen: [] }), address)).echoed).toBe("1,2,3")
      }).pipe(counted),
    timeoutMs
  )

  it.live(
    "[LP-7] streams that say nothing end, links of one peer are limited, and another peer has its own",
    () =>
      Effect.gen(function* () {
        const address = yield* listen(device(1, { listen: [tcp], maxLinksPerPeer: 4 }))
        const connection = yield* rawConnection(66, address)
        const silent = yield* Effect.promise(() => connection.newStream(protocols.sync))
        silent.addEventListener("message", () => {})
        yield* until(isOver(silent))
        expect(yield* refused("abandoned")).toBe(1)
        const one = device(2, { listen: [] })
        for (let links = 0; links < 4; links++) yield* one.dial(address)
        expect((yield* Effect.flip(visit(one, address))).reason._tag).toBe("Unreachable")
        expect((yield* visit(device(3, { listen: [] }), address)).echoed).toBe("1,2,3")
      }).pipe(counted),
    timeoutMs
  )

  it.live(
    "[LP-15] links are counted at both ends, with their path",
    () =>
      Effect.gen(function* () {
        const address = yield* listen(device(1, { listen: [tcp] }))
        expect((yield* eventually(visit(device(2, { listen: [] }), address))).path).toBe("lan")
        for (const direction of ["in", "out"]) {
          const links = yield* Metric.value(Metric.withAttributes(linksTotal, { direction, path: "lan" }))
          expect(links.count).toBe(1)
        }
      }).pipe(counted),
    timeoutMs
  )
})
