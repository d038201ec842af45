/**
 * What every transport must do, as tests that cite the rules [TR-n] of SPEC.md. A transport adopts it with one call
 * and a set-up that can also break the way between two nodes. It tests the contract only: what is particular to a
 * transport (hostile bytes, limits of its library) is tested by its owner.
 */
import { assert, describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Option, Queue, Scope } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import type { Link } from "../transport/Link.ts"
import { dialTimeoutMs, type Transport } from "../transport/Transport.ts"
import type { TransportError } from "../transport/TransportError.ts"

/** Two nodes' transports and the power to disturb them. The suite uses each set-up for one test. */
export interface TransportUnderTest {
  readonly server: Transport
  readonly client: Transport
  /** The address by which the client reaches an announced address, through the place where faults happen. */
  readonly route: (announced: string) => Effect.Effect<string, never, Scope.Scope>
  /** A well-formed address where nobody listens. */
  readonly nobody: string
  /** An address of this transport's scheme that it cannot read; absent where every text is an address. */
  readonly invalid?: string
  /** Cuts every link without a farewell. */
  readonly dropLink: Effect.Effect<void>
  /** Cuts every link and lets nobody through until `goOnline`. */
  readonly goOffline: Effect.Effect<void>
  readonly goOnline: Effect.Effect<void>
}

export type TransportSetup = Effect.Effect<TransportUnderTest, TransportError, Scope.Scope>

/** How soon the other side must learn of an end, in milliseconds. */
const noticeMsMax = 3_000
/** How long closing a listener may take, in milliseconds. */
const shutdownMsMax = 2_000
const testMsMax = 15_000
/** Bytes that may be under way to a receiver that does not read: both ends' buffers and those of the system. */
const underWayBytesMax = 48 * 1024 * 1024

export const transportConformance = (name: string, setup: TransportSetup): void => {
  describe(`${name}: transport conformance`, () => {
    frames(setup)
    backPressure(setup)
    farewells(setup)
    cuts(setup)
    dialling(setup)
    manyLinks(setup)
    listening(setup)
  })
}

type Step = Effect.Effect<unknown, TransportError, Scope.Scope>

/** Registers one test on a fresh set-up. */
const test = (
  setup: TransportSetup,
  title: string,
  body: (under: TransportUnderTest) => Generator<Step, void, never>
): void => it.live(title, () => Effect.flatMap(setup, (under) => Effect.gen(() => body(under))), testMsMax)

const frames = (setup: TransportSetup): void => {
  test(setup, "[TR-1] frames arrive whole, once and in order, both ways", function* (under) {
    const { near, far } = yield* connect(under)
    const { frameBytesMax } = under.client.capabilities
    const sizes = [1, 2, 125, 126, 65_535, 65_536, 1, frameBytesMax - 1, frameBytesMax, 3]
    yield* Effect.forEach(
      [
        [near, far],
        [far, near]
      ] as const,
      ([from, to]) => carries(from, to, sizes),
      {
        concurrency: "unbounded"
      }
    )
  })

  test(setup, "[TR-2] two thousand small frames in one go arrive in order", function* (under) {
    const { near, far } = yield* connect(under)
    yield* carries(
      near,
      far,
      Array.from({ length: 2_000 }, (_, index) => 16 + (index % 50))
    )
  })

  test(setup, "[TR-3] a frame above the limit is refused whole and the link goes on", function* (under) {
    const { near, far } = yield* connect(under)
    const bytesMax = under.client.capabilities.frameBytesMax
    const refused = yield* failureOf(near.send(new Uint8Array(bytesMax + 1)))
    expect(refused.reason).toMatchObject({ _tag: "FrameRefused", bytes: bytesMax + 1, bytesMax })
    yield* carries(near, far, [5])
  })

  test(setup, "[TR-4] a receiver that gives up waiting loses no frame", function* (under) {
    const { near, far } = yield* connect(under)
    expect(Option.isNone(yield* Effect.timeoutOption(far.receive, 20))).toBe(true)
    yield* carries(near, far, [7, 8])
  })
}

const backPressure = (setup: TransportSetup): void => {
  test(setup, "[TR-5] a receiver that does not read holds the sender back or loses the link", function* (under) {
    const { near, far } = yield* connect(under)
    const frame = new Uint8Array(128 * 1024)
    let sent = 0
    const sending = yield* Effect.forkChild(
      Effect.forever(Effect.tap(near.send(frame), () => Effect.sync(() => sent++)))
    )
    yield* settled(() => sent)
    expect(sent * frame.length).toBeLessThanOrEqual(underWayBytesMax)
    const held = sent
    if (sending.pollUnsafe() !== undefined) return yield* expectClosed(near.send(frame))
    for (let taken = 0; taken < held; taken++) expect((yield* far.receive).length).toBe(frame.length)
    // It may take a moment until the sender hears of it.
    yield* Effect.timeoutOption(Effect.repeat(Effect.sleep(10), { until: () => sent > held }), noticeMsMax)
    yield* Fiber.interrupt(sending)
    expect(sent).toBeGreaterThan(held)
  })
}

const farewells = (setup: TransportSetup): void => {
  test(setup, "[TR-6] closing is seen by the other side, after the frames before it", function* (under) {
    const { near, far } = yield* connect(under)
    yield* near.send(pattern(1, 40_000))
    yield* near.send(pattern(2, 10))
    yield* near.close
    yield* expectFrame(far, pattern(1, 40_000))
    yield* expectFrame(far, pattern(2, 10))
    yield* expectClosed(far.receive)
    yield* expectClosed(far.send(pattern(3, 1)))
  })

  test(setup, "[TR-6] the accepting side's close is seen by the dialler", function* (under) {
    const { near, far } = yield* connect(under)
    yield* far.send(pattern(1, 40_000))
    yield* far.close
    yield* expectFrame(near, pattern(1, 40_000))
    yield* expectClosed(near.receive)
  })

  test(setup, "[TR-7] a closed link sends and receives nothing and may be closed again", function* (under) {
    const { near } = yield* connect(under)
    yield* near.close
    yield* near.close
    yield* expectClosed(near.send(pattern(1, 1)))
    yield* expectClosed(near.receive)
  })
}

const cuts = (setup: TransportSetup): void => {
  test(setup, "[TR-8] a link that is cut ends on both sides", function* (under) {
    const { near, far } = yield* connect(under)
    const waiting = yield* Effect.forkChild(Effect.forEach([near.receive, far.receive], expectClosed, together))
    yield* Effect.sleep(20)
    yield* under.dropLink
    yield* Fiber.join(waiting)
  })

  test(setup, "[TR-9] the end of the dialler's scope closes the link", function* (under) {
    const listener = yield* listen(under)
    const scope = yield* Scope.make()
    yield* dialTo(under, listener).pipe(Scope.provide(scope))
    const far = yield* Queue.take(listener.links)
    yield* Scope.close(scope, Exit.void)
    yield* expectClosed(far.receive)
  })

  test(setup, "[TR-9] the end of the accepting side's handler closes the link", function* (under) {
    const addresses = yield* under.server.listen((link) => Effect.ignore(link.receive))
    const near = yield* under.client.dial(yield* under.route(first(addresses)))
    yield* near.send(pattern(1, 1))
    yield* expectClosed(near.receive)
  })
}

const dialling = (setup: TransportSetup): void => {
  test(setup, "[TR-10] dialling where nobody listens fails with Unreachable", function* (under) {
    yield* expectUnreachable(under, under.nobody)
  })

  test(setup, "[TR-11] offline nobody is reached; online the next dial works", function* (under) {
    const listener = yield* listen(under)
    const address = yield* under.route(listener.address)
    const near = yield* under.client.dial(address)
    yield* under.goOffline
    yield* expectClosed(near.receive)
    yield* expectUnreachable(under, address)
    yield* under.goOnline
    yield* Queue.take(listener.links)
    const again = yield* under.client.dial(address)
    yield* carries(again, yield* Queue.take(listener.links), [9])
  })
}

const manyLinks = (setup: TransportSetup): void => {
  test(setup, "[TR-12] both ends compute one channel binding, different for each link", function* (under) {
    const listener = yield* listen(under)
    const bindings = new Set<string>()
    for (let index = 0; index < 5; index++) {
      const near = yield* dialTo(under, listener)
      const far = yield* Queue.take(listener.links)
      expect(near.channelBinding.length).toBeGreaterThan(0)
      expect(Bytes.equals(near.channelBinding, far.channelBinding)).toBe(true)
      bindings.add(Bytes.toHex(near.channelBinding))
    }
    expect(bindings.size).toBe(5)
  })

  test(setup, "[TR-13] twenty links at once keep their frames apart", function* (under) {
    const echo = (link: Link): Effect.Effect<void> =>
      Effect.ignore(Effect.forever(Effect.flatMap(link.receive, link.send)))
    const address = yield* under.route(first(yield* under.server.listen(echo)))
    const one = Effect.fnUntraced(function* (number: number) {
      const link = yield* under.client.dial(address)
      for (let round = 0; round < 20; round++) {
        yield* link.send(pattern(number, 1 + round * 500))
        yield* expectFrame(link, pattern(number, 1 + round * 500))
      }
    })
    yield* Effect.all(
      Array.from({ length: 20 }, (_, number) => one(number)),
      together
    )
  })

  test(setup, "[TR-14] an address that is none of this transport's is not accepted", function* (under) {
    expect(under.client.accepts(under.nobody)).toBe(true)
    for (const foreign of ["", "nonsense", "mailto:a@b", "file:///etc/passwd"]) {
      expect(under.client.accepts(foreign)).toBe(false)
    }
    if (under.invalid === undefined) return
    const failure = yield* failureOf(Effect.scoped(under.client.dial(under.invalid)))
    expect(failure.reason._tag).toBe("AddressInvalid")
    expect(failure.isRetryable).toBe(false)
  })
}

const listening = (setup: TransportSetup): void => {
  test(setup, "[TR-15] listening ends within 2 seconds with links open, and closes them", function* (under) {
    const scope = yield* Scope.make()
    const listener = yield* listen(under).pipe(Scope.provide(scope))
    const address = yield* under.route(listener.address)
    const links = yield* Effect.all(
      Array.from({ length: 5 }, () => under.client.dial(address)),
      together
    )
    yield* Effect.forEach(links, () => Queue.take(listener.links), together)
    const [took] = yield* Effect.timed(Scope.close(scope, Exit.void))
    expect(Duration.toMillis(took)).toBeLessThanOrEqual(shutdownMsMax)
    yield* Effect.forEach(links, (link) => expectClosed(link.receive), together)
    yield* expectUnreachable(under, address)
  })

  test(setup, "[TR-16] listening again after it has ended works", function* (under) {
    yield* Effect.scoped(Effect.asVoid(connect(under)))
    const { near, far } = yield* connect(under)
    yield* carries(near, far, [4])
  })
}

const together = { concurrency: "unbounded" } as const

export interface Listening {
  readonly address: string
  readonly links: Queue.Dequeue<Link>
}

/** Listens, keeps every link open and hands it out. */
export const listen = Effect.fnUntraced(function* (
  under: TransportUnderTest
): Effect.fn.Return<Listening, TransportError, Scope.Scope> {
  const links = yield* Queue.unbounded<Link>()
  const addresses = yield* under.server.listen((link) => Effect.andThen(Queue.offer(links, link), Effect.never))
  return { address: first(addresses), links }
})

export const dialTo = (
  under: TransportUnderTest,
  listener: Listening
): Effect.Effect<Link, TransportError, Scope.Scope> => Effect.flatMap(under.route(listener.address), under.client.dial)

/** Both ends of one link: `near` dialled, `far` accepted. */
const connect = Effect.fnUntraced(function* (
  under: TransportUnderTest
): Effect.fn.Return<{ readonly near: Link; readonly far: Link }, TransportError, Scope.Scope> {
  const listener = yield* listen(under)
  const near = yield* dialTo(under, listener)
  return { near, far: yield* Queue.take(listener.links) }
})

export const first = (addresses: ReadonlyArray<string>): string => {
  const [address] = addresses
  if (address === undefined) throw new TypeError("the transport announced no address")
  return address
}

/** Bytes that differ with the seed and the place. */
const pattern = (seed: number, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, index) => (seed * 31 + index * 7 + (index >> 8)) & 0xff)

const carries = Effect.fnUntraced(function* (from: Link, to: Link, sizes: ReadonlyArray<number>) {
  const sending = yield* Effect.forkChild(
    Effect.forEach(sizes, (size, index) => from.send(pattern(index, size)), { discard: true })
  )
  yield* Effect.forEach(sizes, (size, index) => expectFrame(to, pattern(index, size)), { discard: true })
  yield* Fiber.join(sending)
})

const expectFrame = Effect.fnUntraced(function* (link: Link, frame: Uint8Array) {
  const received = yield* link.receive
  // Not deep equality: comparing a megabyte element by element takes seconds.
  assert.deepStrictEqual([received.length, Bytes.equals(received, frame)], [frame.length, true])
})

/** The failure that an effect must end with; anything else is a defect. */
const failureOf = <A>(use: Effect.Effect<A, TransportError>): Effect.Effect<TransportError> =>
  Effect.flip(use).pipe(Effect.catch(() => Effect.die(new Error("it did not fail"))))

/** Fails with `LinkClosed`, and soon. */
const expectClosed = Effect.fnUntraced(function* <A>(use: Effect.Effect<A, TransportError>) {
  const failure = yield* Effect.timeoutOption(failureOf(use), noticeMsMax)
  assert.strictEqual(Option.getOrUndefined(failure)?.reason._tag, "LinkClosed")
})

const expectUnreachable = Effect.fnUntraced(function* (under: TransportUnderTest, address: string) {
  const failure = yield* Effect.timeoutOption(failureOf(Effect.scoped(under.client.dial(address))), dialTimeoutMs)
  assert.strictEqual(Option.getOrUndefined(failure)?.reason._tag, "Unreachable")
  assert.strictEqual(Option.getOrUndefined(failure)?.isRetryable, true)
})

/** Waits until a count has stood still for half a second. */
const settled = Effect.fnUntraced(function* (count: () => number) {
  for (let last = -1; last !== count();) {
    last = count()
    yield* Effect.sleep(500)
  }
})
