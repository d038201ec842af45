// What parts of a commit cost that come again while the rest of it waits in quarantine.
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Compression, stored } from "../../src/crypto/Compression.ts"
import { Crypto } from "../../src/crypto/Crypto.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Commit from "../../src/model/Commit.ts"
import { batch, commitsOf, type MakeJournal, open, put } from "../../src/testing/JournalFixture.ts"
import { layerDevice } from "./nodeCrypto.ts"

/** How often the events of a large commit were unpacked. */
const opened = { large: 0 }
const largeBytesMin = 100_000

const counting = Layer.succeed(Compression, {
  ...stored,
  decompress: (method: number, bytes: Uint8Array, bytesMax: number) => {
    if (bytes.length >= largeBytesMin) opened.large++
    return stored.decompress(method, bytes, bytesMax)
  }
})

const make: MakeJournal = (device, space) =>
  MemoryJournal.layer({ space }).pipe(Layer.provideMerge(Layer.merge(layerDevice(device), counting)))

it.effect("[JR-34] a small part that comes again and again does not have the kept rest opened each time", () =>
  Effect.gen(function* () {
    const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
    const large = ["w", "x", "y"].map((id) => put(id, { text: "".padEnd(60_000) }))
    yield* a.write([...large, put("small", { text: "new" })])
    const [whole] = yield* commitsOf(a)
    const packed = Commit.open(whole!.bytes) as Commit.PackedCommit
    const events = Commit.openEvents(Context.get(a.services, Crypto), stored, packed) as Commit.CommitEvents
    const partOf = (place: number) => ({ bytes: Commit.takePart(packed, events, [place]) })
    const denial = { index: 0, reason: "Denied", rule: "r", policyVersion: 1, because: "" } as const
    yield* hub.receive({ ...batch(a, [whole!]), denials: [denial] })
    const again = Array.from({ length: 200 }, () => partOf(3))
    opened.large = 0
    expect(yield* hub.receive(batch(a, again))).toMatchObject({ applied: 1, known: 199 })
    expect(yield* hub.receive(batch(a, again))).toMatchObject({ applied: 0, known: 200 })
    expect(opened.large).toBeLessThanOrEqual(2)
    // Once all of it has come it is no longer kept, whatever came again in between.
    const last = [partOf(3), partOf(0), partOf(3), partOf(1), partOf(3), partOf(2)]
    expect(yield* hub.receive(batch(a, last))).toMatchObject({ applied: 3, arrived: [["Denied", 1]] })
    expect(yield* hub.quarantine({ after: 0, limit: 10 })).toEqual([])
  })
)
