// What lies in a mailbox is age's format: its own library opens it with the key that a device prints, and with no other.
import { expect, it } from "@effect/vitest"
import { Decrypter } from "age-encryption"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as FileSeal from "../../src/crypto/FileSeal.ts"
import * as MailboxSegment from "../../src/mailbox/MailboxSegment.ts"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import * as Commit from "../../src/model/Commit.ts"
import { put, startMs } from "../../src/testing/JournalFixture.ts"
import { seedOf } from "../journal/nodeCrypto.ts"
import { join, type Rules } from "./mailboxDevices.ts"

/** What age makes of a file with the key of a device, as `syncline key age --show-secret` prints it. */
const decrypted = (file: Uint8Array, device: number) =>
  Effect.tryPromise(() => {
    const decrypter = new Decrypter()
    decrypter.addIdentity(FileSeal.identityOf(seedOf(device)))
    return decrypter.decrypt(file)
  })

it.effect("[MX-2] age's own library opens a segment for who may see it, and for nobody else", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const folder = yield* MemoryMailbox.makeFolder
    const rules: Rules = { known: new Set([1, 2, 3]), secretTo: new Set([1, 2]) }
    const a = yield* join(MemoryMailbox.make(folder), 1, rules)
    yield* a.write(put("s1", { text: "for two" }, {}, "secret"))
    yield* a.step
    const files = [...folder.directories.values()].flatMap((each) => [...each])
    const segments = files.filter(([name]) => name.startsWith("seg"))
    expect(segments).toHaveLength(1)
    const [, file] = segments[0]!
    expect(new TextDecoder().decode(file.slice(0, 21))).toBe("age-encryption.org/v1")
    for (const device of [1, 2]) {
      const segment = MailboxSegment.decode(yield* decrypted(file, device))
      if (typeof segment === "string") throw new TypeError(segment)
      const [commit] = segment.commits.map(Commit.open)
      expect(commit).toMatchObject({ header: { partition: { type: "secret" } } })
    }
    for (const device of [3, 4]) {
      const error = yield* Effect.flip(decrypted(file, device))
      expect(String(error.cause)).toContain("no identity matched")
    }
  })
)
