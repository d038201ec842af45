/**
 * Whoever is taken out of a team keeps what was sealed for it, and gets nothing more from a storage that enforces nothing: everything
 * that ever lay in the mailbox is tried with everything that the removed member ever had.
 */
import { expect, it } from "@effect/vitest"
import {
  AuditStore,
  Charter,
  CharterStore,
  FileSeal,
  Journal,
  type Mailbox,
  MailboxContents,
  MailboxRegistry,
  MailboxState,
  MemoryJournal,
  MemoryMailbox,
  Orchestrator,
  Records,
  SpaceKeys,
  TransportRegistry
} from "@syncline/core"
import { enterprise } from "@syncline/policy"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import * as NodeCompression from "../src/NodeCompression.ts"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import { everything, founding, joining, Note, peerOf, type SealedNode, sealing, space, until } from "./sealedTeam.ts"
import { seedOf } from "./temporaryFolder.ts"

/** A file as it was put, whatever becomes of it: a provider may keep everything for ever. */
interface Kept {
  readonly device: number
  readonly name: string
  readonly bytes: Uint8Array
}

/** A mailbox of which everything that was ever put there is kept. */
const keepingAll = (inner: Mailbox.Mailbox, device: number, kept: Array<Kept>): Mailbox.Mailbox => ({
  ...inner,
  open: (place) =>
    Effect.map(inner.open(place), (shape) => ({
      ...shape,
      put: (name, bytes) =>
        Effect.andThen(
          Effect.sync(() => void kept.push({ device, name, bytes: new Uint8Array(bytes) })),
          shape.put(name, bytes)
        )
    }))
})

interface Device extends Pick<SealedNode, "charter" | "keys" | "put" | "textOf"> {
  readonly start: Effect.Effect<void, unknown>
  /** Opens files, with the device's own key. */
  readonly seal: FileSeal.FileSealShape
  /** What is in an opened file, with all keys of the space that this device ever had. */
  readonly read: (opened: Uint8Array) => ReturnType<typeof MailboxContents.read>
}

/** A device of the team that meets the others at a mailbox alone. */
const deviceAt = (
  folder: MemoryMailbox.MemoryFolder,
  kept: Array<Kept>,
  device: number
): Effect.Effect<Device, unknown, Scope.Scope> => opened(folder, kept, device)

const opened = Effect.fnUntraced(function* (folder: MemoryMailbox.MemoryFolder, kept: Array<Kept>, device: number) {
  const mailbox = keepingAll(MemoryMailbox.make(folder), device, kept)
  const registry = MailboxRegistry.MailboxRegistry.layer([mailbox]).pipe(
    Layer.provide(MailboxState.MailboxStore.layerMemory())
  )
  const layer = Layer.mergeAll(
    Orchestrator.Orchestrator.layer({ listens: false }).pipe(Layer.provide(registry)),
    Records.Records.layer
  ).pipe(
    Layer.provideMerge(SpaceKeys.layer),
    Layer.provideMerge(enterprise(device === 1 ? {} : { introducer: peerOf(1) })(space)),
    Layer.provideMerge(Layer.effect(Journal.Journal, MemoryJournal.make({ space }))),
    Layer.provideMerge(
      Layer.mergeAll(
        DeviceKeyFile.layerSeed(seedOf(device)),
        NodeCrypto.layer,
        NodeCompression.layer,
        TransportRegistry.TransportRegistry.layer([]),
        CharterStore.CharterStore.layerMemory(),
        AuditStore.AuditStore.layerMemory([])
      )
    )
  )
  const services = yield* Layer.build(layer)
  const records = Context.get(services, Records.Records)
  const journal = Context.get(services, Journal.Journal)
  const read = MailboxContents.read
  return {
    charter: Context.get(services, Charter.Charter),
    keys: Context.get(services, SpaceKeys.SpaceKeys),
    start: Effect.asVoid(Context.get(services, Orchestrator.Orchestrator).send({ _tag: "Start" })),
    put: (id: string, text: string) => records.put(Note, { text }, id),
    textOf: (id: string) => Effect.map(records.get("note", id), (found) => found?.fields["text"]),
    seal: FileSeal.ofSeed(Redacted.value(seedOf(device))),
    read: (opened: Uint8Array) =>
      read({ crypto: NodeCrypto.functions, compression: NodeCompression.functions, keysOf: () => journal.keys }, opened)
  }
})

/** What a device makes of files: which kinds it opens, and whose texts it reads. */
const looking = Effect.fnUntraced(function* (
  device: Device,
  files: ReadonlyArray<Kept>,
  opener: Device = device
): Effect.fn.Return<typeof nothing> {
  const seen = { heads: 0, records: 0, commits: 0, texts: new Set<unknown>() }
  for (const { bytes } of files) {
    const opened = yield* opener.seal.open(bytes)
    const shown = opened === undefined ? undefined : device.read(opened)
    if (shown === undefined || typeof shown === "string") continue
    if (shown.kind === "head") {
      seen.heads++
      continue
    }
    seen.records += shown.records.length
    seen.commits += shown.commits.length
    for (const { changes } of shown.commits.flatMap(({ entities }) => entities)) {
      for (const change of changes) if (change.kind === "lww") seen.texts.add(change.value)
    }
  }
  return seen
})

/** They seal with the key in force, and nothing is due. */
const isReady = (...devices: ReadonlyArray<Device>) =>
  Effect.map(
    Effect.forEach(devices, ({ keys }) => keys.status),
    (all) => all.every(({ due, state }) => state === "sealed" && due === null)
  )

const nothing = { heads: 0, records: 0, commits: 0, texts: new Set<unknown>() }

it.live.each([
  ["an open space", false],
  ["a sealed space", true]
] as const)(
  "[MX-33] of %s a removed member opens what was left before, and nothing that is left behind its removal",
  ([, isSealed]) =>
    Effect.gen(function* () {
      const folder = yield* MemoryMailbox.makeFolder
      const kept: Array<Kept> = []
      const [ann, bob, xav] = [
        yield* deviceAt(folder, kept, 1),
        yield* deviceAt(folder, kept, 2),
        yield* deviceAt(folder, kept, 5)
      ]
      yield* ann.charter.write([founding(false)])
      yield* ann.charter.write([...joining("bob", "admin", 2), ...joining("xav", "member", 5)])
      if (isSealed) yield* ann.keys.write([sealing])
      for (const other of [bob, xav]) yield* other.charter.receive(ann.charter.beyond(everything, 1e7))
      if (isSealed) yield* until("all have the key", isReady(ann, bob, xav))
      for (const device of [ann, bob, xav]) yield* device.start
      // A record that the others lack, so that a file with records lies there.
      yield* ann.charter.write([{ _tag: "SetTeam", team: "west", name: "West" }])
      yield* ann.put("n1", "ann's, before")
      yield* bob.put("n2", "bob's, before")
      yield* until(
        "xav has both",
        Effect.map(Effect.all([xav.textOf("n1"), xav.textOf("n2")]), ([a, b]) => a !== undefined && b !== undefined)
      )
      yield* until(
        "xav knows the team",
        Effect.sync(() => xav.charter.state().teams.has("west"))
      )
      const before = [...kept]

      yield* ann.keys.write([{ _tag: "RemoveMember", member: "xav" }])
      const byAnn = kept.length
      yield* until(
        "bob knows it",
        Effect.sync(() => !bob.charter.state().members.has("xav"))
      )
      const byBob = kept.length
      if (isSealed) yield* until("both have the new key", isReady(ann, bob))
      yield* ann.put("n3", "ann's, behind")
      yield* bob.put("n4", "bob's, behind")
      yield* ann.charter.write([{ _tag: "SetTeam", team: "east", name: "East" }])
      yield* until(
        "both have everything",
        Effect.map(
          Effect.all([ann.textOf("n4"), bob.textOf("n3")]),
          (texts) => texts.every((text) => text !== undefined) && bob.charter.state().teams.has("east")
        )
      )
      const behind = kept.filter(
        ({ device }, place) => (device === 1 && place >= byAnn) || (device === 2 && place >= byBob)
      )

      // What was before it opens: the trial proves something.
      const had = yield* looking(xav, before)
      expect(had.texts).toEqual(new Set(["ann's, before", "bob's, before"]))
      expect(Math.min(had.heads, had.records, had.commits)).toBeGreaterThan(0)
      // And what is behind is there, of each kind, and opens for who is still in.
      const inside = yield* looking(bob, behind)
      expect([...inside.texts]).toEqual(expect.arrayContaining(["ann's, behind", "bob's, behind"]))
      expect(Math.min(inside.heads, inside.records, inside.commits)).toBeGreaterThan(0)
      expect(yield* looking(xav, behind)).toEqual(nothing)
      expect([yield* xav.textOf("n3"), yield* xav.textOf("n4")]).toEqual([undefined, undefined])
      if (!isSealed) return
      // Even where somebody hands it the opened files it has no key for what is in them.
      const handed = [...(yield* looking(xav, behind, bob)).texts]
      expect(handed.filter((text) => String(text).endsWith("behind"))).toEqual([])
      expect((yield* looking(xav, before, bob)).texts.size).toBeGreaterThan(0)
    }),
  60_000
)
