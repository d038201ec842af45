/**
 * What the rows of a SQLite journal keep in memory: never more than their bounds, and never what was undone.
 */
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Author, HybridTime, Limits, PeerId } from "@syncline/core"
import { Effect } from "effect"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import * as SqliteConnection from "../src/SqliteConnection.ts"
import * as SqliteIdentity from "../src/SqliteIdentity.ts"
import { cachedAuthorsMax } from "../src/SqliteRows.ts"
import { SqliteTables } from "../src/SqliteTables.ts"
import { space, temporaryFolder } from "./temporaryFolder.ts"

const peer = PeerId.fromPublicKey(NodeCrypto.signerOf(new Uint8Array(32).fill(1)).publicKey)
const authorOf = (number: number): Author.Author => Author.make(peer, number.toString(16).padStart(16, "0"))

const openTables = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const db = yield* Effect.acquireRelease(
    Effect.sync(() => SqliteConnection.openForWriting(join(folder, "journal.db"))),
    (handle) => Effect.sync(() => handle.close())
  )
  SqliteIdentity.establish(db, join(folder, "journal.db"), space, peer)
  return { db, tables: new SqliteTables(db, space) }
})

it.live("[SJ-10] more authors than are kept in memory keep their numbers and names", () =>
  Effect.gen(function* () {
    const { tables } = yield* openTables
    const count = cachedAuthorsMax + 100
    const authors = Array.from({ length: count }, (_, i) => authorOf(i))
    tables.begin()
    const first = authors.map((author) => tables.authorIndex(author))
    tables.commit()
    expect(new Set(first).size).toBe(count)
    expect(authors.map((author) => tables.authorIndex(author))).toEqual(first)
    expect(first.map((index) => tables.authorAt(index))).toEqual(authors)
    expect(tables.cachedAuthors()).toBeLessThanOrEqual(cachedAuthorsMax)
  })
)

it.live("[SJ-4] [SJ-10] an author of an undone request is forgotten with it", () =>
  Effect.gen(function* () {
    const { tables } = yield* openTables
    tables.begin()
    const undone = () =>
      tables.savepoint(() => {
        expect(tables.authorAt(tables.authorIndex(authorOf(1)))).toBe(authorOf(1))
        throw new Error("refused")
      })
    expect(undone).toThrow("refused")
    const index = tables.savepoint(() => tables.authorIndex(authorOf(2)))
    tables.commit()
    expect(tables.authorAt(index)).toBe(authorOf(2))
    expect(tables.authorIndex(authorOf(1))).not.toBe(index)
  })
)

it.live("[JR-28] the last partition is given, one more is not", () =>
  Effect.gen(function* () {
    const { db } = yield* openTables
    const add = db.prepare(
      `INSERT INTO partitions VALUES (?, ?, ?, 'box', '{}', 0, 0, ${Array(8).fill("0").join(", ")})`
    )
    db.transaction(() => {
      for (let i = 1; i < Limits.partitionsMax; i++) add.run(i, `box ${i}`, Buffer.alloc(32))
    })()
    const full = new SqliteTables(db, space)
    full.begin()
    const last = full.partitionOf({ type: "box", header: { box: "last" } })
    expect(last?.index).toBe(Limits.partitionsMax)
    expect(full.partitionOf({ type: "box", header: { box: "one more" } })).toBeUndefined()
    expect(full.partitionOf({ type: "box", header: { box: "last" } })).toEqual(last)
    full.commit()
  })
)

it.live("[SJ-20] what peers have in quarantine is counted once and kept up, whatever goes in and out", () =>
  Effect.gen(function* () {
    const { db, tables } = yield* openTables
    const other = PeerId.fromPublicKey(NodeCrypto.signerOf(new Uint8Array(32).fill(2)).publicKey)
    const keep = (id: string, from: PeerId.PeerId, size: number, reason: "Denied" | "Rejected" | "Forked" = "Denied") =>
      tables.addQuarantine({
        id,
        peer: from,
        reason,
        bytes: new Uint8Array(size),
        rule: "",
        policyVersion: 0,
        because: "",
        author: "",
        type: "note",
        events: 1,
        sinceMs: 0,
        dueMs: null,
        at: HybridTime.zero
      })
    tables.begin()
    keep("a", peer, 10)
    expect(tables.quarantineLoad(peer)).toEqual({ commits: 1, bytes: 10, ofPeer: 1, bytesOfPeer: 10 })
    // Nobody but this connection writes the file, so what it does not do itself it would see only by counting again.
    db.prepare("UPDATE quarantine SET bytes = zeroblob(1000) WHERE id = 'a'").run()
    keep("b", other, 20)
    keep("c", peer, 5)
    keep("own", peer, 40, "Rejected")
    keep("proof", peer, 30, "Forked")
    tables.removeQuarantine("own")
    tables.removeQuarantine("b")
    tables.removeQuarantine("unknown")
    expect(tables.quarantineLoad(peer)).toEqual({ commits: 2, bytes: 15, ofPeer: 2, bytesOfPeer: 15 })
    tables.removeQuarantine("proof")
    tables.removeQuarantine("c")
    expect(tables.quarantineLoad(other)).toEqual({ commits: 1, bytes: 10, ofPeer: 0, bytesOfPeer: 0 })
    tables.commit()
  })
)
