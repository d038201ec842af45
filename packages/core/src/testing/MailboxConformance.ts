/**
 * What every mailbox must do, as tests that cite the rules [MB-n] of SPEC.md: the double of one process, a folder, Google
 * Drive and whatever comes. It tests the place alone; what lies there is tested with `MailboxSync`.
 */
import { assert, describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, Stream } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import { fileBytesMax, type Listed, type MailboxPlace, type MailboxShape } from "../mailbox/Mailbox.ts"
import type { MailboxError } from "../mailbox/MailboxError.ts"
import * as MailboxName from "../mailbox/MailboxName.ts"

/** One place behind mailboxes of several devices. The suite uses each set-up for one test. */
export interface MailboxUnderTest {
  readonly open: (place: MailboxPlace) => Effect.Effect<MailboxShape, MailboxError, Scope.Scope>
  /** Puts a file there that no mailbox wrote, e.g. a conflicted copy; absent where nobody else can write. */
  readonly plant?: (place: MailboxPlace, name: string, bytes: Uint8Array) => Effect.Effect<void>
  /** How long what one device wrote may stay unseen by another, in milliseconds. */
  readonly seenMsMax: number
}

export type MailboxSetup = Effect.Effect<MailboxUnderTest, unknown, Scope.Scope>

const testMsMax = 60_000

export const mailboxConformance = (name: string, setup: MailboxSetup): void => {
  describe(`${name}: mailbox conformance`, () => {
    files(setup)
    strangers(setup)
    bounds(setup)
  })
}

type Step = Effect.Effect<unknown, unknown, Scope.Scope>

const test = (
  setup: MailboxSetup,
  title: string,
  body: (under: MailboxUnderTest) => Generator<Step, void, never>
): void => it.live(title, () => Effect.flatMap(setup, (under) => Effect.gen(() => body(under))), testMsMax)

const tagOf = (letter: string): string => letter.repeat(MailboxName.tagLength)
const [space, otherSpace] = [tagOf("s"), tagOf("t")]
const [left, right] = [tagOf("a"), tagOf("b")]
const fileOf = (counter: number, kind: MailboxName.Kind = "seg"): string =>
  MailboxName.print({ kind, counter, hash: tagOf("h") })
const bytesOf = (length: number, first = 7): Uint8Array => Uint8Array.from({ length }, (_, i) => (first + i) % 256)

const files = (setup: MailboxSetup): void => {
  test(
    setup,
    "[MB-1] what one device writes others list and read as it was, empty, small and largest",
    function* ({ open, seenMsMax }) {
      const [a, b] = [yield* open({ space, owner: left }), yield* open({ space, owner: right })]
      const sizes = [0, 1, 65_537, fileBytesMax]
      for (const [index, size] of sizes.entries()) yield* a.put(fileOf(index + 1), bytesOf(size))
      const seen = yield* listed(b, sizes.length, seenMsMax)
      expect(seen.map(({ bytes, name, owner }) => [owner, name, bytes])).toEqual(
        sizes.map((size, index) => [left, fileOf(index + 1), size])
      )
      for (const [index, size] of sizes.entries()) {
        expect(Bytes.equals(yield* b.get(left, fileOf(index + 1)), bytesOf(size))).toBe(true)
      }
    }
  )

  test(setup, "[MB-2] writing a file again is fine, and it is there once", function* ({ open, seenMsMax }) {
    const [a, b] = [yield* open({ space, owner: left }), yield* open({ space, owner: right })]
    for (let times = 0; times < 3; times++) yield* a.put(fileOf(1), bytesOf(100))
    expect(yield* listed(b, 1, seenMsMax)).toHaveLength(1)
    expect(yield* b.get(left, fileOf(1))).toEqual(bytesOf(100))
  })

  test(
    setup,
    "[MB-3] what is removed is gone for everybody, and removing it again is fine",
    function* ({ open, seenMsMax }) {
      const [a, b] = [yield* open({ space, owner: left }), yield* open({ space, owner: right })]
      yield* a.put(fileOf(1), bytesOf(10))
      yield* a.put(fileOf(2), bytesOf(10))
      yield* listed(b, 2, seenMsMax)
      for (let times = 0; times < 2; times++) yield* a.remove(fileOf(1))
      expect((yield* listed(b, 1, seenMsMax)).map(({ name }) => name)).toEqual([fileOf(2)])
      expect(yield* reasonOf(b.get(left, fileOf(1)))).toBe("FileNotThere")
    }
  )

  test(
    setup,
    "[MB-4] each device has a directory of its own, and spaces do not see each other",
    function* ({ open, seenMsMax }) {
      const [a, b] = [yield* open({ space, owner: left }), yield* open({ space, owner: right })]
      const elsewhere = yield* open({ space: otherSpace, owner: left })
      yield* a.put(fileOf(1), bytesOf(3, 1))
      yield* b.put(fileOf(1), bytesOf(3, 2))
      yield* elsewhere.put(fileOf(1), bytesOf(3, 3))
      const both = yield* listed(a, 2, seenMsMax)
      expect(both.map(({ owner }) => owner)).toEqual([left, right])
      yield* b.remove(fileOf(1))
      yield* listed(b, 1, seenMsMax)
      expect(yield* b.get(left, fileOf(1))).toEqual(bytesOf(3, 1))
      expect(yield* listed(elsewhere, 1, seenMsMax)).toHaveLength(1)
      expect(yield* elsewhere.get(left, fileOf(1))).toEqual(bytesOf(3, 3))
    }
  )

  test(setup, "[MB-5] whoever opens it later finds what was written before", function* ({ open, seenMsMax }) {
    const scope = yield* Scope.make()
    const first = yield* Scope.provide(open({ space, owner: left }), scope)
    yield* first.put(fileOf(1, "head"), bytesOf(50))
    yield* Scope.close(scope, Exit.void)
    const again = yield* open({ space, owner: left })
    expect((yield* listed(again, 1, seenMsMax)).map(({ name }) => name)).toEqual([fileOf(1, "head")])
    yield* again.remove(fileOf(1, "head"))
    yield* listed(again, 0, seenMsMax)
  })
}

const strangers = (setup: MailboxSetup): void => {
  test(
    setup,
    "[MB-6] what has another name than ours is not listed, and stays",
    function* ({ open, plant, seenMsMax }) {
      if (plant === undefined) return
      const [a, b] = [yield* open({ space, owner: left }), yield* open({ space, owner: right })]
      yield* a.put(fileOf(1), bytesOf(5))
      const copy = fileOf(1).replace(".age", " (conflicted copy 2026-01-01).age")
      for (const name of [copy, "notes.txt", fileOf(2).toUpperCase(), "t-1.tmp"]) {
        yield* plant({ space, owner: left }, name, bytesOf(9))
      }
      yield* plant({ space, owner: "not-a-tag" }, fileOf(3), bytesOf(9))
      expect((yield* listed(b, 1, seenMsMax)).map(({ name }) => name)).toEqual([fileOf(1)])
    }
  )
}

const bounds = (setup: MailboxSetup): void => {
  test(setup, "[MB-7] a file that is too large is refused and leaves nothing", function* ({ open, seenMsMax }) {
    const a = yield* open({ space, owner: left })
    expect(yield* reasonOf(a.put(fileOf(1), new Uint8Array(fileBytesMax + 1)))).toBe("FileTooLarge")
    yield* a.put(fileOf(2), bytesOf(1))
    expect((yield* listed(a, 1, seenMsMax)).map(({ name }) => name)).toEqual([fileOf(2)])
  })

  test(setup, "[MB-7] one that somebody else made too large is not read", function* ({ open, plant, seenMsMax }) {
    if (plant === undefined) return
    const [a, b] = [yield* open({ space, owner: left }), yield* open({ space, owner: right })]
    yield* a.put(fileOf(1), bytesOf(1))
    yield* plant({ space, owner: left }, fileOf(2), new Uint8Array(fileBytesMax + 1))
    yield* listed(b, 2, seenMsMax)
    expect(yield* reasonOf(b.get(left, fileOf(2)))).toBe("FileTooLarge")
  })

  test(setup, "[MB-8] a file that is not there is told as one", function* ({ open }) {
    const a = yield* open({ space, owner: left })
    expect(yield* reasonOf(a.get(left, fileOf(1)))).toBe("FileNotThere")
    expect(yield* reasonOf(a.get(right, fileOf(1)))).toBe("FileNotThere")
    expect(yield* a.list).toEqual([])
  })

  test(setup, "[MB-9] a device opens its directory once at a time", function* ({ open }) {
    yield* open({ space, owner: left })
    expect(yield* reasonOf(open({ space, owner: left }))).toBe("MailboxUnfit")
  })

  test(setup, "[MB-10] something is heard when a file comes", function* ({ open, seenMsMax }) {
    const [a, b] = [yield* open({ space, owner: left }), yield* open({ space, owner: right })]
    const heard = yield* Effect.forkScoped(Stream.runHead(b.changes), { startImmediately: true })
    yield* Effect.sleep(50)
    yield* a.put(fileOf(1), bytesOf(1))
    const came = yield* Effect.timeoutOption(Fiber.join(heard), seenMsMax)
    assert(came._tag === "Some", "nothing was heard")
  })
}

/** What is listed once as many files are, in the order of owner and name. */
const listed = Effect.fnUntraced(function* (mailbox: MailboxShape, count: number, withinMs: number) {
  let last: ReadonlyArray<Listed> = []
  const attempt = Effect.gen(function* () {
    last = yield* mailbox.list
    if (last.length !== count) return yield* Effect.fail("not yet" as const)
  })
  yield* attempt.pipe(
    Effect.retry({ while: (error) => error === "not yet", times: Math.ceil(withinMs / 20), schedule: undefined }),
    Effect.ignore
  )
  expect(last).toHaveLength(count)
  return [...last].sort((x, y) => (`${x.owner}/${x.name}` < `${y.owner}/${y.name}` ? -1 : 1))
})

const reasonOf = <A, R>(effect: Effect.Effect<A, MailboxError, R>): Effect.Effect<string, never, R> =>
  Effect.match(effect, { onFailure: ({ reason }) => reason._tag, onSuccess: () => "succeeded" })
