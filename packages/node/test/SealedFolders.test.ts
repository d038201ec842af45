/** Sealed spaces in data folders: what holds after a restart. */
import { expect, it } from "@effect/vitest"
import { Charter, DeviceKey, Journal, type JournalError, Records, SpaceKeys } from "@syncline/core"
import { enterprise, personal } from "@syncline/policy"
import { Context, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { nodeLayer, type NodeLayerOptions } from "../src/NodeLayer.ts"
import { everything, feedInto, Note, sealing, until } from "./sealedTeam.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const passphrase = [Redacted.make("correct horse battery staple")]

const start = Effect.fnUntraced(function* (
  folder: string,
  more: Pick<NodeLayerOptions<JournalError.JournalError>, "policy" | "spacePassphrases">
) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const layer = nodeLayer({ folder, space: "home", transports: [], routes: [], ...more })
  const services = yield* Layer.build(layer).pipe(Scope.provide(scope))
  const records = Context.get(services, Records.Records)
  const device = Context.get(services, DeviceKey.DeviceKey)
  return {
    stop: Scope.close(scope, Exit.void),
    services,
    peer: device.peer,
    publicKey: device.publicKey,
    journal: Context.get(services, Journal.Journal),
    keys: Context.get(services, SpaceKeys.SpaceKeys),
    put: (id: string, text: string) => records.put(Note, { text }, id),
    textOf: (id: string) => Effect.map(records.get("note", id), (found) => found?.fields["text"]),
    changesOf: (id: string) =>
      Effect.map(records.history({ type: "note", id, limit: 10 }), (all) => all.map(({ changes }) => changes.length))
  }
})

it.live("[SK-52][SK-53] a passphrase seals, says so, and opens from its start on what a folder has", () =>
  Effect.gen(function* () {
    const policy = personal({ trusted: [] })
    const a = yield* start(yield* temporaryFolder, { policy, spacePassphrases: passphrase })
    expect((yield* a.keys.status).state).toBe("sealed")
    const folder = yield* temporaryFolder
    const without = yield* start(folder, { policy })
    expect((yield* without.keys.status).state).toBe("open")
    yield* a.put("n1", "for all of my devices")
    yield* feedInto(a.journal, a.peer, without.journal)
    expect(yield* without.textOf("n1")).toBeUndefined()
    yield* without.stop
    const b = yield* start(folder, { policy, spacePassphrases: passphrase })
    expect(yield* b.textOf("n1")).toBe("for all of my devices")
    expect(yield* b.keys.status).toMatchObject({ state: "sealed", lockedCommits: 0 })
  })
)

it.live("[SK-47] what was sealed with a key that does not count is read after a restart", () =>
  Effect.gen(function* () {
    const policy = enterprise({})
    const [annFolder, bobFolder] = [yield* temporaryFolder, yield* temporaryFolder]
    const [ann, bob] = [yield* start(annFolder, { policy }), yield* start(bobFolder, { policy })]
    const charterOf = ({ services }: typeof ann) => Context.getUnsafe(services, Charter.Charter)
    const isSealed = (node: typeof ann) => Effect.map(node.keys.status, ({ state }) => state === "sealed")
    yield* charterOf(ann).write([
      { _tag: "Found", name: "T", hub: null, member: "ann", memberName: "Ann", device: ann.publicKey, deviceName: "a" },
      { _tag: "AddMember", member: "bob", name: "Bob", role: "admin", teams: [] },
      { _tag: "AddDevice", member: "bob", device: bob.publicKey, name: "b" }
    ])
    yield* charterOf(bob).receive(charterOf(ann).beyond(everything, 1e7))
    for (const node of [ann, bob]) yield* charterOf(node).write([sealing])
    yield* until("ann has a key", isSealed(ann))
    yield* until("bob has one", isSealed(bob))
    yield* bob.put("n1", "work of a week")
    const byBob = charterOf(bob).beyond(everything, 1e7)
    yield* charterOf(bob).receive(charterOf(ann).beyond(everything, 1e7))
    yield* charterOf(ann).receive(byBob)
    yield* bob.stop
    const again = yield* start(bobFolder, { policy })
    expect([yield* again.textOf("n1"), yield* again.changesOf("n1")]).toEqual(["work of a week", [1]])
    yield* feedInto(again.journal, again.peer, ann.journal)
    yield* until(
      "ann reads it",
      Effect.map(ann.textOf("n1"), (text) => text === "work of a week")
    )
  })
)
