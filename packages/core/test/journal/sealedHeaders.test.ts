// What a sealed commit's header says of its contents belongs to its events: signed anew over the same events it is no commit.
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { DeviceKey } from "../../src/crypto/DeviceKey.ts"
import * as SpaceKey from "../../src/crypto/SpaceKey.ts"
import * as Compression from "../../src/crypto/Compression.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Commit from "../../src/model/Commit.ts"
import * as CommitHeader from "../../src/model/CommitHeader.ts"
import * as Event from "../../src/model/Event.ts"
import * as MessagePack from "../../src/model/MessagePack.ts"
import { batch, type MakeJournal, open, type Opened, space, startMs } from "../../src/testing/JournalFixture.ts"
import { functions, layerDevice } from "../journal/nodeCrypto.ts"

const keyOf = (fill: number) => SpaceKey.of(space, new Uint8Array(SpaceKey.spaceKeyBytes).fill(fill))
const [key, earlier] = [keyOf(1), keyOf(2)]
const make: MakeJournal = (device, of) =>
  MemoryJournal.layer({ space: of, held: { keys: [earlier.secret, key.secret], sealing: key.id } }).pipe(
    Layer.provideMerge(layerDevice(device))
  )

/** The same commit with another header, signed by its author. */
const remade = (
  m: Opened,
  bytes: Uint8Array,
  change: (header: CommitHeader.CommitHeader) => CommitHeader.CommitHeader
) => {
  const packed = Commit.open(bytes) as Commit.PackedCommit
  const headerBytes = CommitHeader.encode(change(packed.header))
  const signer = Context.get(m.services, DeviceKey)
  const signature = signer.sign(Bytes.concat(Bytes.utf8("syncline/commit/v1"), functions.sha256(headerBytes)))
  return MessagePack.pack([headerBytes, signature, packed.method, packed.body, packed.sealed!])
}

const variants: ReadonlyArray<readonly [string, (header: CommitHeader.CommitHeader) => CommitHeader.CommitHeader]> = [
  ["size", (header) => ({ ...header, seal: { ...header.seal!, size: 1 } })],
  ["key", (header) => ({ ...header, seal: { ...header.seal!, key: earlier.id } })],
  ["unknown key", (header) => ({ ...header, seal: { ...header.seal!, key: keyOf(9).id } })]
]

describe("a sealed header", () => {
  for (const [name, change] of variants) {
    it.effect(`[JR-155] cannot give one event two meanings by its ${name}`, () =>
      Effect.gen(function* () {
        const [m, a, b] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
        const event: Event.Event = { entity: "n1", eseq: 1, prev: undefined, deps: [], ops: { s: { text: "pay 10" } } }
        const frame = { space, partition: { type: "note", header: {} }, authors: [m.info.author], group: undefined }
        const { bytes } = Commit.seal(
          functions,
          Context.get(m.services, Compression.Compression),
          Context.get(m.services, DeviceKey),
          { ...frame, at: HybridTime.make(startMs, 0), nonce: 7 },
          [Event.encodeOutline(event)],
          { key, contents: [Event.encodeContents(event)!] }
        )
        const other = remade(m, bytes, change)
        for (const each of [bytes, other])
          expect(Commit.isSignedByAuthor(functions, Commit.open(each) as Commit.PackedCommit)).toBe(true)
        expect(yield* a.receive(batch(m, [{ bytes }]))).toMatchObject({ applied: 1, refused: [] })
        expect(yield* b.receive(batch(m, [{ bytes: other }]))).toMatchObject({
          applied: 0,
          refused: [["CommitForged", 1]]
        })
      })
    )
  }

  it.effect("[JR-155] cannot give one event two meanings by the number and places of its events", () =>
    Effect.gen(function* () {
      const [m, a, b] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      const signer = Context.get(m.services, DeviceKey)
      const eventOf = (entity: string): Event.Event => ({
        entity,
        eseq: 1,
        prev: undefined,
        deps: [],
        ops: { s: { text: `of ${entity}` } }
      })
      const [one, two] = [eventOf("n1"), eventOf("n2")]
      const { bytes, leaves } = Commit.seal(
        functions,
        Context.get(m.services, Compression.Compression),
        signer,
        {
          space,
          partition: { type: "note", header: {} },
          authors: [m.info.author],
          group: undefined,
          at: HybridTime.make(startMs, 0),
          nonce: 7
        },
        [one, two].map(Event.encodeOutline),
        { key, contents: [one, two].map((each) => Event.encodeContents(each)!) }
      )
      const packed = Commit.open(bytes) as Commit.PackedCommit
      // The same sealed part in a commit of the first event alone.
      const body = MessagePack.pack([Event.encodeOutline(one)])
      const headerBytes = CommitHeader.encode({
        ...packed.header,
        count: 1,
        size: body.length,
        root: functions.sha256(leaves[0]!)
      })
      const signature = signer.sign(Bytes.concat(Bytes.utf8("syncline/commit/v1"), functions.sha256(headerBytes)))
      const other = MessagePack.pack([headerBytes, signature, 0, body, packed.sealed!])
      expect(yield* a.receive(batch(m, [{ bytes }]))).toMatchObject({ applied: 2, refused: [] })
      expect(yield* b.receive(batch(m, [{ bytes: other }]))).toMatchObject({
        applied: 0,
        refused: [["CommitForged", 1]]
      })
    })
  )
})
