// What an opened file of a mailbox shows, and what is none of a mailbox.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import type { CompressionFunctions } from "../../src/crypto/Compression.ts"
import { blind } from "../../src/crypto/KeyRing.ts"
import * as MailboxContents from "../../src/mailbox/MailboxContents.ts"
import * as MailboxSegment from "../../src/mailbox/MailboxSegment.ts"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import { put, space } from "../../src/testing/JournalFixture.ts"
import * as Commit from "../../src/model/Commit.ts"
import { functions } from "../journal/nodeCrypto.ts"
import { join, peerOf, type Rules } from "./mailboxDevices.ts"

/** Nothing here is large enough to be compressed. */
const compression: CompressionFunctions = { method: 0, compress: (bytes) => bytes, decompress: (_, bytes) => bytes }

const read = (opened: Uint8Array) =>
  MailboxContents.read({ crypto: functions, compression, keysOf: () => blind }, opened)

describe("an opened file", () => {
  it.effect("[MX-10] shows a head and the commits of a segment with their authors and fields", () =>
    Effect.gen(function* () {
      const folder = yield* MemoryMailbox.makeFolder
      const mailbox = MemoryMailbox.make(folder)
      const rules: Rules = { known: new Set([1, 2]), secretTo: new Set() }
      const [a, b] = [yield* join(mailbox, 1, rules), yield* join(mailbox, 2, rules)]
      yield* a.write(put("n1", { text: "for all" }))
      yield* a.step
      const shown: Array<ReturnType<typeof read>> = []
      let segment = new Uint8Array()
      for (const files of folder.directories.values()) {
        for (const [name, bytes] of files) {
          const opened = yield* b.seal.open(bytes)
          if (name.startsWith("seg")) segment = new Uint8Array(opened!)
          shown.push(read(opened!))
        }
      }
      expect(shown).toHaveLength(2)
      expect(shown).toContainEqual(
        expect.objectContaining({ kind: "head", head: expect.objectContaining({ peer: peerOf(1), space }) })
      )
      const changes = [{ kind: "lww", field: "text", value: "for all" }]
      const commit = { author: peerOf(1), isSigned: true, contents: "plain", problem: undefined }
      expect(shown).toContainEqual({
        kind: "segment",
        space,
        commits: [expect.objectContaining({ ...commit, entities: [{ id: "n1", kind: "changed", changes }] })],
        records: [],
        unknown: 0
      })
      const whole = MailboxSegment.decode(segment)
      const packed = typeof whole === "string" ? whole : Commit.open(whole.commits[0]!)
      if (typeof whole === "string" || typeof packed === "string") throw new Error("the segment has no commit")
      const forged = Buffer.from(whole.commits[0]!)
      forged[forged.indexOf(packed.signature)]! ^= 1
      const other = read(MailboxSegment.encode({ space, commits: [new Uint8Array(forged), new Uint8Array(3)] }))
      expect(other).toMatchObject({ kind: "segment", unknown: 1, commits: [{ author: peerOf(1), isSigned: false }] })
      expect(read(new Uint8Array(100))).toMatch(/neither a segment \(.*\) nor a head \(.*\)/)
    })
  )
})
