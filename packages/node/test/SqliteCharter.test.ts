import { writeFileSync } from "node:fs"
import { Charter, type CharterOperation } from "@syncline/core"
import { expect, it } from "@effect/vitest"
import Database from "better-sqlite3"
import { Context, Effect, Layer } from "effect"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import * as SqliteCharter from "../src/SqliteCharter.ts"
import { seedOf, space, temporaryFolder } from "./temporaryFolder.ts"

const open = Effect.fnUntraced(function* (folder: string) {
  const device = Layer.provideMerge(NodeCrypto.layer, DeviceKeyFile.layerSeed(seedOf(1)))
  const charter = Charter.layer({ space, policyProblem: () => undefined }).pipe(
    Layer.provide(Layer.merge(device, SqliteCharter.layer(folder)))
  )
  return Context.get(yield* Layer.build(charter), Charter.Charter)
})

const { publicKey } = NodeCrypto.signerOf(new Uint8Array(32).fill(1))
const found: CharterOperation.CharterOperation = {
  _tag: "Found",
  name: "Team",
  hub: null,
  member: "ann",
  memberName: "Ann",
  device: publicKey,
  deviceName: "laptop"
}
const team = (name: string): CharterOperation.CharterOperation => ({ _tag: "SetTeam", team: "north", name })

it.effect("[SC-1] a charter is there again after a restart, and may be read beside a running node", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    expect(yield* SqliteCharter.readOnly(folder)).toEqual([])
    const state = yield* Effect.scoped(
      Effect.gen(function* () {
        const charter = yield* open(folder)
        yield* charter.write([found])
        yield* charter.write([team("North")], { note: "first" })
        expect(yield* SqliteCharter.readOnly(folder)).toHaveLength(2)
        return charter.state()
      })
    )
    const charter = yield* open(folder)
    expect(charter.state()).toEqual(state)
    expect((yield* charter.write([team("Norden")])).version).toBe(3)
  })
)

it.effect("[SC-3] nothing starts on a damaged record, whoever reads it, and file and record are named", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const file = SqliteCharter.charterFile(folder)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const charter = yield* open(folder)
        yield* charter.write([found])
        yield* charter.write([team("North")])
        yield* charter.write([team("Norden")])
      })
    )
    const change = (sql: string) => {
      const db = new Database(file)
      db.exec(sql)
      db.close()
    }
    const failure = Effect.map(Effect.flip(open(folder)), ({ reason }) => reason)
    change("CREATE TABLE sound AS SELECT * FROM record")
    change("UPDATE record SET bytes = CAST(substr(bytes, 1, 60) || x'00' || substr(bytes, 62) AS BLOB) WHERE place = 2")
    const damaged = yield* failure
    expect(damaged).toMatchObject({ _tag: "StoreCorrupt", path: file })
    expect(damaged.message).toMatch(/record 2 of 3: /)
    change("DELETE FROM record WHERE place = 2")
    expect((yield* failure).message).toMatch(/record 2 of 2, [0-9a-f]{64}: a record that it stands behind is gone/)
    change("DELETE FROM record; INSERT INTO record SELECT * FROM sound")
    expect((yield* open(folder)).state().version).toBe(3)
  })
)

it.effect("[SC-2] records are kept all or none, and a file that is another's is refused by name", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const store = yield* SqliteCharter.make(folder)
    yield* store.append([new Uint8Array([1]), new Uint8Array([2])])
    yield* Effect.exit(store.append([new Uint8Array([3]), "no bytes" as unknown as Uint8Array]))
    expect(yield* store.load).toEqual([new Uint8Array([1]), new Uint8Array([2])])
    const other = yield* temporaryFolder
    const db = new Database(SqliteCharter.charterFile(other))
    db.pragma("user_version = 7")
    db.close()
    expect((yield* Effect.flip(SqliteCharter.make(other))).reason._tag).toBe("StoreForeign")
    // Another program's file without a version is not an empty one.
    const theirs = yield* temporaryFolder
    const foreign = new Database(SqliteCharter.charterFile(theirs))
    foreign.exec("CREATE TABLE theirs (a)")
    foreign.close()
    expect((yield* Effect.flip(SqliteCharter.make(theirs))).reason._tag).toBe("StoreForeign")
    const damaged = yield* temporaryFolder
    writeFileSync(SqliteCharter.charterFile(damaged), "no database at all, and long enough to be read as one")
    expect((yield* Effect.flip(SqliteCharter.readOnly(damaged))).reason._tag).toBe("StoreCorrupt")
  })
)
