/** A personal space whose devices were not all given the same passphrase. */
import { expect, it } from "@effect/vitest"
import { MemoryTransport, type PeerId, type SpaceKeys } from "@syncline/core"
import { personal } from "@syncline/policy"
import Database from "better-sqlite3"
import { Effect } from "effect"
import { createNode, type EventOf } from "../src/createNode.ts"
import * as DataFolder from "../src/DataFolder.ts"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import { Note, peerOf, until } from "./sealedTeam.ts"
import { seedOf, temporaryFolder } from "./temporaryFolder.ts"

const [right, mistyped] = ["correct horse battery staple", "correct horse batery staple"]

interface Options {
  readonly folder: string
  readonly passphrases: ReadonlyArray<string>
  readonly network?: MemoryTransport.MemoryNetwork
  readonly device?: number
  readonly trusted?: ReadonlyArray<PeerId.PeerId>
  readonly dials?: ReadonlyArray<number>
}

/** A node that is closed with the scope, or earlier. */
const start = ({
  device = 1,
  dials = [],
  folder,
  network = MemoryTransport.makeNetwork(),
  passphrases,
  trusted = []
}: Options) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      createNode({
        space: "home",
        store: folder,
        entities: { note: Note },
        policy: personal({ trusted }),
        transports: [MemoryTransport.make(network, String(device))],
        routes: dials.map((other) => ({ address: `memory:${other}` })),
        spacePassphrase: passphrases
      })
    ),
    (node) => Effect.promise(() => node.close())
  )

/** What opening a folder with these passphrases fails with. */
const failureOf = (folder: string, ...passphrases: ReadonlyArray<string>) =>
  Effect.flip(Effect.catchDefect(Effect.scoped(start({ folder, passphrases })), (error) => Effect.fail(error)))

const using = <A>(options: Options, use: (node: Effect.Success<ReturnType<typeof start>>) => Promise<A>) =>
  Effect.scoped(Effect.flatMap(start(options), (node) => Effect.promise(() => use(node))))

const wrong = { _tag: "JournalError", reason: { _tag: "StoreSealed", isRetryable: false } }

it.live(
  "[SK-54][SK-56] a passphrase under which nothing is sealed that a folder has is refused, and a new one goes behind the earlier ones",
  () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* using({ folder, passphrases: [] }, (node) => node.note.put({ id: "n0", text: "before" }))
      yield* using({ folder, passphrases: [right] }, (node) => node.note.put({ id: "n1", text: "sealed" }))
      const failed = yield* failureOf(folder, mistyped)
      expect(failed).toMatchObject(wrong)
      expect((failed as Error).message).toContain("list the earlier ones before it")
      expect(yield* failureOf(folder, mistyped, "and one more of them")).toMatchObject(wrong)
      const isNew = { folder, passphrases: [right, "a new one, on purpose"] }
      yield* using(isNew, async (node) => {
        expect((await node.status()).head).toBe(2)
        await node.note.put({ id: "n2", text: "under the new one" })
      })
      yield* using({ folder, passphrases: [right] }, async (node) => {
        expect(await node.seal()).toMatchObject({ sealedBy: "passphrase", lockedCommits: 1 })
      })
      yield* using(isNew, async (node) => {
        expect(await node.seal()).toMatchObject({ state: "sealed", keysHeld: 2, keys: 2, lockedCommits: 0 })
        expect((await node.note.get("n2"))?.text).toBe("under the new one")
      })
    }),
  30_000
)

/** A folder whose own newest commits are all deletions, behind sealed ones. */
const withDeletions = Effect.fnUntraced(function* (folder: string) {
  yield* using({ folder, passphrases: [right] }, async (node) => {
    for (let i = 0; i < 17; i++) await node.note.put({ id: `n${i}`, text: "sealed" })
    for (let i = 1; i < 17; i++) await node.note.delete(`n${i}`)
  })
})

/** A node without a passphrase says that it lacks one, and writes nothing in the clear. */
const assertWaits = (folder: string) =>
  using({ folder, passphrases: [] }, async (node) => {
    expect(await node.seal()).toMatchObject({ state: "waiting", sealedBy: null })
    await expect(node.note.put({ id: "n99", text: "in the clear" })).rejects.toMatchObject({
      reason: { _tag: "SpaceLocked" }
    })
  })

it.live(
  "[SK-21][SK-58] a passphrase that is missing once sends nothing in the clear from a device that only read, or deleted last",
  () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const [folder, other] = [yield* temporaryFolder, yield* temporaryFolder]
      for (const [device, at] of [folder, other].entries()) yield* DeviceKeyFile.keep(at, seedOf(device + 1))
      yield* withDeletions(folder)
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* start({ folder, network, passphrases: [right], trusted: [peerOf(2)] })
          const reading = { folder: other, network, device: 2, trusted: [peerOf(1)], dials: [1], passphrases: [right] }
          yield* using(reading, (node) =>
            Effect.runPromise(
              until(
                "it came",
                Effect.promise(async () => (await node.note.get("n0"))?.text === "sealed")
              )
            )
          )
        })
      )
      for (const each of [folder, other]) yield* assertWaits(each)
      yield* using({ folder: other, passphrases: [right] }, async (node) => {
        expect(await node.seal()).toMatchObject({ state: "sealed", lockedCommits: 0 })
        await node.note.put({ id: "n99", text: "sealed, too" })
      })
    }),
  30_000
)

it.live("[SK-21] a folder of an earlier version finds out what it keeps", () =>
  Effect.gen(function* () {
    const [sealed, open] = [yield* temporaryFolder, yield* temporaryFolder]
    yield* withDeletions(sealed)
    yield* using({ folder: open, passphrases: [] }, (node) => node.note.put({ id: "n0", text: "open" }))
    for (const folder of [sealed, open]) {
      const db = new Database(DataFolder.journalFile(folder))
      db.exec("ALTER TABLE meta DROP COLUMN has_sealed")
      db.pragma("user_version = 6")
      db.close()
    }
    yield* assertWaits(sealed)
    yield* using({ folder: open, passphrases: [] }, async (node) => {
      expect(await node.seal()).toMatchObject({ state: "open" })
      await node.note.put({ id: "n1", text: "open" })
    })
  })
)

it.live("[SK-65] so does one that has something sealed in its quarantine only", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* using({ folder, passphrases: [] }, (node) => node.note.put({ id: "n0", text: "open" }))
    const db = new Database(DataFolder.journalFile(folder))
    db.prepare(
      `INSERT INTO quarantine (id, reason, rule, policy_version, because, peer, author, type, at, events, since_ms, due_ms, bytes)
       VALUES ('c1', 'ClockAhead', '', 0, '', ?, '', 'note', '0000000000000000', 1, 0, ?, x'95')`
    ).run(peerOf(2), Number.MAX_SAFE_INTEGER)
    db.pragma("user_version = 7")
    db.close()
    yield* assertWaits(folder)
  })
)

it.live(
  "[SK-54] also where others sealed all of it, and whoever only keeps it opens it without one",
  () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const [folder, other] = [yield* temporaryFolder, yield* temporaryFolder]
      for (const [device, at] of [folder, other].entries()) yield* DeviceKeyFile.keep(at, seedOf(device + 1))
      const reading = { folder: other, network, device: 2, trusted: [peerOf(1)], dials: [1] }
      const writer = yield* start({ folder, network, passphrases: [right], trusted: [peerOf(2)] })
      yield* Effect.promise(() => writer.note.put({ id: "n1", text: "sealed" }))
      yield* using({ ...reading, passphrases: [right] }, (node) =>
        Effect.runPromise(
          until(
            "it came",
            Effect.promise(async () => (await node.note.get("n1"))?.text === "sealed")
          )
        )
      )
      expect(yield* failureOf(other, mistyped)).toMatchObject(wrong)
      yield* using({ folder: other, passphrases: [] }, async (node) => {
        expect(await node.seal()).toMatchObject({ state: "waiting", sealedBy: null, keysHeld: 0 })
      })
    }),
  30_000
)

it.live(
  "[SK-55][SK-56] what others seal under another passphrase is told, and counted in the status with its key",
  () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const told: Array<EventOf<"CommitsLocked">> = []
      const folders = [yield* temporaryFolder, yield* temporaryFolder]
      for (const [device, folder] of folders.entries()) yield* DeviceKeyFile.keep(folder, seedOf(device + 1))
      const [a, b] = [
        yield* start({ folder: folders[0]!, network, passphrases: [right], trusted: [peerOf(2)] }),
        yield* start({
          folder: folders[1]!,
          network,
          device: 2,
          passphrases: [mistyped],
          trusted: [peerOf(1)],
          dials: [1]
        })
      ]
      a.on("CommitsLocked", (event) => void told.push(event))
      b.on("CommitsLocked", (event) => void told.push(event))
      yield* Effect.promise(() => a.note.put({ id: "n1", text: "by a" }))
      yield* Effect.promise(() => b.note.put({ id: "n2", text: "by b" }))
      const isTold = Effect.sync(() => told.length === 2)
      yield* until("both are told", isTold)
      expect(new Set(told.map(({ peer }) => peer))).toEqual(new Set([peerOf(1), peerOf(2)]))
      const locked: Partial<SpaceKeys.SealStatus> = {
        state: "sealed",
        sealedBy: "passphrase",
        keysHeld: 1,
        keys: 2,
        lockedCommits: 1
      }
      for (const node of [a, b]) expect(yield* Effect.promise(() => node.seal())).toMatchObject(locked)
    }),
  30_000
)
