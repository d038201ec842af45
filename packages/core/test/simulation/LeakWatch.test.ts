// What the simulation's watch over revoked nodes takes for a commit that is new.
import { expect, it } from "@effect/vitest"
import { stored } from "../../src/crypto/Compression.ts"
import { MemoryTables } from "../../src/journal/MemoryTables.ts"
import * as Author from "../../src/identity/Author.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import * as Commit from "../../src/model/Commit.ts"
import * as Event from "../../src/model/Event.ts"
import { commitsBy } from "../../src/testing/LeakWatch.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { SimulatedCrypto } from "../../src/testing/SimulatedCrypto.ts"
import type { SimulatedNode } from "../../src/testing/SimulatedNode.ts"
import { crypto } from "../nodeCrypto.ts"
import { space } from "../session/SessionUnderTest.ts"

it("[SI-7] a part of a commit that was written before is no new one", () => {
  const functions = new SimulatedCrypto(crypto.sha256)
  const device = functions.makeDevice(new SeededRandom(1))
  const author = Author.make(device.peer, "0000000000000001")
  const partition = { type: "note", header: {} }
  const at = HybridTime.make(1_800_000_000_000, 0)
  const events = ["n1", "n2"].map((entity) =>
    Event.encode({ entity, eseq: 1, prev: undefined, deps: [], ops: { s: { text: entity } } })
  )
  const whole = Commit.seal(
    crypto,
    stored,
    device,
    { space, partition, authors: [author], at, nonce: 0, group: undefined },
    events
  ).bytes
  const packed = Commit.open(whole)
  if (typeof packed === "string") throw new Error(packed)
  const opened = Commit.openEvents(crypto, stored, packed)
  if (typeof opened === "string") throw new Error(opened)
  const writtenIn = (bytes: Uint8Array) => {
    const tables = new MemoryTables(crypto.sha256, space, "00112233445566ff")
    tables.transact(() =>
      tables.appendCommit({
        partition: tables.partitionOf(partition)!.index,
        author: tables.authorIndex(author),
        source: 1,
        events: 1,
        previous: [0],
        bytes
      })
    )
    return commitsBy(device.peer, { tables, options: { crypto } } as unknown as SimulatedNode, 0)
  }
  const part = Commit.takePart(packed, opened, [1])
  expect(writtenIn(part)).toEqual(writtenIn(whole))
  expect(writtenIn(whole)).toEqual([Commit.id(crypto, packed)])
})
