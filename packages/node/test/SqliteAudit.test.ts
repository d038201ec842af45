import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { expect, it } from "@effect/vitest"
import { Gate } from "@syncline/core"
import { AuditReport, personal } from "@syncline/policy"
import Database from "better-sqlite3"
import { Context, Effect, Layer } from "effect"
import { nodeLayer } from "../src/NodeLayer.ts"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import * as SqliteAudit from "../src/SqliteAudit.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const rowsFrom = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ number: from + i, text: `entry ${from + i}` }))

it.effect("[SA-1] what a node decided is there after a restart, and may be read beside it", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    expect(yield* SqliteAudit.openReadOnly(folder)).toBe(undefined)
    const decide = Effect.gen(function* () {
      const layer = nodeLayer({ folder, space: "home", transports: [], routes: [], policy: personal({ trusted: [] }) })
      const gate = Context.get(yield* Layer.build(layer), Gate.Gate)
      const peer = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN" as Parameters<typeof gate.admits>[0]
      const decision = yield* gate.admits(peer)
      yield* gate.audit({ action: "admit", peer, decision, detail: "session" })
    }).pipe(Effect.scoped)
    yield* decide
    yield* decide
    const reads = (yield* SqliteAudit.openReadOnly(folder))!
    expect(yield* AuditReport.verify(reads, NodeCrypto.functions)).toMatchObject({ entries: 2, fault: undefined })
    const [newest] = yield* AuditReport.list(reads, { limit: 1 })
    expect(newest).toMatchObject({ number: 2, action: "admit", decision: { allowed: false, rule: "personal/trusted" } })
  })
)

it.effect("[SA-2] entries are added all or none, and cut with their checkpoint; another's file is refused", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const store = yield* SqliteAudit.make(folder)
    yield* store.append(rowsFrom(1, 5))
    expect((yield* Effect.exit(store.append([...rowsFrom(6, 2), ...rowsFrom(5, 1)])))._tag).toBe("Failure")
    expect(yield* store.page(0, 100)).toEqual(rowsFrom(1, 5))
    expect(yield* store.page(1, 2)).toEqual(rowsFrom(2, 2))
    yield* store.cut(3, "first")
    yield* store.cut(4, "second")
    expect(yield* store.ends).toEqual({ checkpoint: "second", first: rowsFrom(5, 1)[0], last: rowsFrom(5, 1)[0] })
    const other = yield* temporaryFolder
    const db = new Database(SqliteAudit.auditFile(other))
    db.pragma("user_version = 7")
    db.close()
    for (const open of [SqliteAudit.make(other), SqliteAudit.openReadOnly(other)]) {
      expect(yield* Effect.flip(open)).toMatchObject({
        reason: { _tag: "StoreForeign", problem: "it does not hold an audit" }
      })
    }
  })
)

it.effect("[SA-3] a damaged audit is put aside and a new one begins; another program's file is left as it is", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    writeFileSync(SqliteAudit.auditFile(folder), "this is no database, and never was one".repeat(200))
    const store = yield* SqliteAudit.make(folder)
    yield* store.append(rowsFrom(1, 2))
    expect((yield* store.ends).last?.number).toBe(2)
    expect(readdirSync(folder).filter((name) => name.startsWith("audit.db.damaged-"))).toHaveLength(1)
    const other = yield* temporaryFolder
    const db = new Database(SqliteAudit.auditFile(other))
    db.exec("CREATE TABLE theirs (a)")
    db.close()
    const before = readFileSync(SqliteAudit.auditFile(other))
    expect(yield* Effect.flip(SqliteAudit.make(other))).toMatchObject({ reason: { _tag: "StoreForeign" } })
    expect(readFileSync(SqliteAudit.auditFile(other))).toEqual(before)
  })
)
