// What a charter says while a record is on its way into its store.
import { expect, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Charter from "../../src/charter/Charter.ts"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import { CharterStore } from "../../src/charter/CharterStore.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import { layerDevice } from "../journal/nodeCrypto.ts"
import { found, join, key, space } from "./fixture.ts"

/** The charter of a device, whose store waits with what it is to keep while somebody holds it. */
const open = Effect.fnUntraced(function* (device: number) {
  const records: Array<Uint8Array> = []
  let held: Deferred.Deferred<void> | undefined
  const store = Layer.succeed(CharterStore, {
    path: "somewhere",
    load: Effect.sync(() => [...records]),
    append: (fresh: ReadonlyArray<Uint8Array>) =>
      Effect.gen(function* () {
        if (held !== undefined) yield* Deferred.await(held)
        records.push(...fresh)
      })
  })
  const layer = Charter.layer({ space, policyProblem: () => undefined }).pipe(
    Layer.provide([layerDevice(device), store])
  )
  const charter = Context.get(yield* Layer.build(layer), Charter.Charter)
  /** Runs while the store waits, behind whatever was begun. */
  const meanwhile = <A>(begun: Effect.Effect<unknown, unknown>, effect: Effect.Effect<A>) =>
    Effect.gen(function* () {
      const stop = yield* Deferred.make<void>()
      held = stop
      const fiber = yield* Effect.forkChild(begun, { startImmediately: true })
      yield* Effect.yieldNow
      const found = yield* effect
      held = undefined
      yield* Deferred.succeed(stop, undefined)
      yield* Fiber.join(fiber)
      return found
    })
  return { charter, meanwhile }
})

/** What one charter lacks of another one. */
const lacking = (from: Charter.CharterShape, to: Charter.CharterShape) => from.beyond(to.known(), 1e6)

const team = [...join("olga", "owner", 2), ...join("adam", "admin", 3), ...join("mia", "member", 5)]
const rename = (name: string): CharterOperation => ({ _tag: "SetTeam", team: "north", name })
const remove = (member: string): CharterOperation => ({ _tag: "RemoveMember", member })

const said = ({ beyond, digest, known, rivals, state, stateAt }: Charter.CharterShape) => ({
  state: state(),
  last: stateAt(state().version),
  digest: Bytes.toHex(digest()),
  known: known(),
  rivals: rivals().map(({ id }) => id),
  records: beyond({ marks: [], rivals: [] }, 1e9).length
})

it.effect("[CH-18] a charter says nothing else before a record is durable, and passes it on to nobody", () =>
  Effect.gen(function* () {
    const [{ charter: ann }, { charter: adam }, { charter: olga, meanwhile }] = [
      yield* open(1),
      yield* open(3),
      yield* open(2)
    ]
    yield* ann.write([found])
    yield* ann.write(team)
    for (const each of [adam, olga]) yield* each.receive(lacking(ann, each))
    yield* adam.write([rename("adam's")])
    yield* olga.receive(lacking(adam, olga))
    yield* ann.write([remove("adam")])
    // Ann's record comes into the place of adam's: the version stays.
    const before = said(olga)
    expect(
      yield* meanwhile(
        olga.receive(lacking(ann, olga)),
        Effect.sync(() => said(olga))
      )
    ).toEqual(before)
    const after = said(olga)
    expect(after).toMatchObject({ state: { version: before.state.version }, records: before.records + 1 })
    expect([before.rivals.length, after.rivals.length]).toEqual([0, 1])
    expect(after.digest).not.toBe(before.digest)
    // A record of one's own likewise.
    expect(
      yield* meanwhile(
        olga.write([rename("x")]),
        Effect.sync(() => said(olga))
      )
    ).toEqual(after)
    expect(said(olga).records).toBe(after.records + 1)
  })
)

it.effect("[CH-26] what is looked at while a record is on its way into the store is not what is expected then", () =>
  Effect.gen(function* () {
    const [{ charter: ann }, { charter: adam }, { charter: olga, meanwhile }] = [
      yield* open(1),
      yield* open(3),
      yield* open(2)
    ]
    yield* ann.write([found])
    yield* ann.write(team)
    for (const each of [adam, olga]) yield* each.receive(lacking(ann, each))
    yield* adam.write([{ _tag: "SetRole", role: "helper", name: "Helper", level: 10 }])
    yield* olga.receive(lacking(adam, olga))
    yield* ann.write([remove("adam")])
    const looked = yield* meanwhile(
      olga.receive(lacking(ann, olga)),
      Effect.sync(() => ({
        hasRole: olga.state().roles.has("helper"),
        expected: { expectedVersion: olga.state().version, expectedDigest: Bytes.toHex(olga.digest()) }
      }))
    )
    expect(looked.hasRole).toBe(true)
    expect([olga.state().version, olga.state().roles.has("helper")]).toEqual([looked.expected.expectedVersion, false])
    const moved = yield* Effect.flip(olga.write([rename("x")], looked.expected))
    expect(moved.reason._tag).toBe("CharterMoved")
  })
)

it.effect(
  "[CH-18][CH-68] a record that was handed to the hub is done once it is durable here, and is not written twice",
  () =>
    Effect.gen(function* () {
      const [{ charter: hub }, { charter: adam, meanwhile }] = [yield* open(1), yield* open(3)]
      yield* hub.write([{ ...(found as CharterOperation & { _tag: "Found" }), hub: key(1) }])
      yield* hub.write(team)
      yield* adam.receive(lacking(hub, adam))
      let written: number | undefined
      const writing = Effect.map(adam.write([remove("mia")]), ({ version }) => (written = version))
      const fiber = yield* Effect.forkChild(writing, { startImmediately: true })
      yield* Effect.yieldNow
      const { takenIn } = yield* hub.receive([adam.offered()!])
      // The device's turn at its disk takes longer than it waits for the hub at a time.
      const early = yield* meanwhile(
        adam.receive(takenIn),
        Effect.map(TestClock.adjust(3_000), () => written)
      )
      yield* TestClock.adjust(1_000)
      yield* Fiber.join(fiber)
      expect([early, written, adam.state().members.has("mia"), hub.state().version]).toEqual([undefined, 3, false, 3])
    })
)
