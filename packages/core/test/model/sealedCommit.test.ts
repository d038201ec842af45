import { expect, it } from "vitest"
import { stored } from "../../src/crypto/Compression.ts"
import * as SpaceKey from "../../src/crypto/SpaceKey.ts"
import * as Author from "../../src/identity/Author.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import * as PeerId from "../../src/identity/PeerId.ts"
import type { SpaceId } from "../../src/identity/SpaceId.ts"
import * as CommitReading from "../../src/journal/CommitReading.ts"
import { KeyRing } from "../../src/crypto/KeyRing.ts"
import * as Commit from "../../src/model/Commit.ts"
import * as Event from "../../src/model/Event.ts"
import { crypto, signerOf } from "../nodeCrypto.ts"

const space = "00112233445566778899aabbccddeeff" as SpaceId
const secret = new Uint8Array(SpaceKey.spaceKeyBytes).fill(1)
const key = SpaceKey.of(space, secret)
const signer = signerOf(1)
const author = Author.make(PeerId.fromPublicKey(signer.publicKey), "0000000000000001")
const event: Event.Event = {
  entity: "n1",
  eseq: 1,
  prev: undefined,
  deps: [],
  ops: { s: { text: "golden" }, d: false }
}

const make = (): Uint8Array =>
  Commit.seal(
    { ...crypto, randomBytes: (length) => Uint8Array.from({ length }, (_, i) => i) },
    stored,
    signer,
    {
      space,
      partition: { type: "note", header: { team: "red" } },
      authors: [author],
      at: HybridTime.make(1_800_000_000_000, 0),
      nonce: 7,
      group: "0011223344556677"
    },
    [Event.encodeOutline(event)],
    { key, contents: [Event.encodeContents(event)!] }
  ).bytes

const golden =
  "95c4be9e02c41000112233445566778899aabbccddeeffa46e6f7465de0001a47465616da372656491c4288a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c0000000000000001c40801a3185c500000000701c4205f3919e3cbfa4bd6287c680925ff891923651ee7f462dc6c183edee8b96ef4b310c410def47f725c287c134949a368c1c6c9fec420fb7395010ad9f8013d2b808e2b4f778c9b0a1f47c63f75ac690bf7b59f679b9118c4080011223344556677c4403f4aba8ffd01da6057675931c5e92bb4cb1be00a9191bc139de86d533d724f64471c9ef05ee6156d78f34dfb48206e40f93d46722db77330e65c57897afcc90600c41091c40d95a26e3101c090de0001a164c2c448000102030405060708090a0b0c0d0e0f1011121314151617445a137e556e2445c44df2529171d619d8a3d9ee1f9ddc3c63801cf72f4f94ccd81f780ab1db6729f495a08f6f9c4976"

it("[SK-5] a sealed commit of version 2 is made, verified and read as it is written down", () => {
  expect(Bytes.toHex(make())).toBe(golden)
  const packed = Commit.open(Bytes.fromHex(golden)!) as Commit.PackedCommit
  expect(Commit.isSignedByAuthor(crypto, packed)).toBe(true)
  const events = Commit.openEvents(crypto, stored, packed) as Commit.CommitEvents
  const keys = new KeyRing(space, { keys: [secret], sealing: key.id })
  const read = CommitReading.read({ compression: stored, keys }, packed, events) as CommitReading.ReadEvents
  expect(read).toMatchObject({ contents: "opened", decoded: [event] })
  expect(Commit.mayBeOfGroup(Bytes.fromHex(golden)!, Bytes.fromHex("0011223344556677")!)).toBe(true)
})

it("[SK-17] contents beside a deletion count as none, whoever sealed them", () => {
  const contents = Event.encodeContents(event)
  const deletion: Event.Event = { ...event, ops: { d: true } }
  expect(Event.withContents(deletion, contents, 1)).toBe("broken")
  expect(Event.withContents(deletion, undefined, 1)).toBe(deletion)
  const revival: Event.Event = { ...event, ops: { d: false } }
  expect(Event.withContents(revival, contents, 1)).toEqual(event)
})
