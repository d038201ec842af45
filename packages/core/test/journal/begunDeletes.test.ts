// A mass delete is not hidden by beginning the records anew, with those of others or before they come.
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import type * as Event from "../../src/model/Event.ts"
import {
  batch,
  firstEvent,
  hashesIn,
  type MakeJournal,
  open,
  signedBy,
  startMs
} from "../../src/testing/JournalFixture.ts"
import { layerDevice } from "../journal/nodeCrypto.ts"

const make: MakeJournal = (device, of) =>
  MemoryJournal.layer({ space: of }).pipe(Layer.provideMerge(layerDevice(device)))
const ids = Array.from({ length: 60 }, (_, i) => `n${i}`)

it.effect("[OR-63] [JR-158] a dialled node judges deletes of records that come with them", () =>
  Effect.gen(function* () {
    const [max, eve] = [yield* open(make, 1), yield* open(make, 2)]
    const [hub, control] = [yield* open(make, 3), yield* open(make, 4)]
    const [ofMax, ofEve] = [max.info.author, eve.info.author]
    const made = signedBy(max, [ofMax], startMs - 900, ...ids.map((id) => firstEvent(id, "max's")))
    const begun = signedBy(eve, [ofEve], startMs - 800, ...ids.map((id) => firstEvent(id, "x")))
    const hashes = hashesIn(begun)
    const deleting = (eseq: number, prev: (i: number) => Uint8Array | undefined) =>
      signedBy(
        eve,
        [ofEve, ofMax],
        startMs - 700,
        ...ids.map((entity, i): Event.Event => ({ entity, eseq, prev: prev(i), deps: [[1, 1]], ops: { d: true } }))
      )
    const plain = yield* control.receive({ ...batch(eve, [made, deleting(1, () => undefined)]), judgesAll: true })
    expect(plain.held).toBe(1)
    expect(yield* control.count("note")).toBe(60)
    const hidden = yield* hub.receive({
      ...batch(eve, [made, begun, deleting(2, (i) => hashes[i])]),
      judgesAll: true
    })
    expect(hidden.held).toBe(1)
    expect(yield* hub.count("note")).toBe(60)
  })
)

it.effect("[JR-158] a device deletes no others' records beforehand by beginning them itself", () =>
  Effect.gen(function* () {
    const [max, eve, hub, control] = [
      yield* open(make, 1),
      yield* open(make, 2),
      yield* open(make, 3),
      yield* open(make, 4)
    ]
    const [ofMax, ofEve] = [max.info.author, eve.info.author]
    const made = signedBy(max, [ofMax], startMs - 600, ...ids.map((id) => firstEvent(id, "max's")))
    const begun = signedBy(eve, [ofEve], startMs - 800, ...ids.map((id) => firstEvent(id, "x")))
    const hashes = hashesIn(begun)
    const deleted = (eseq: number, prev: (i: number) => Uint8Array | undefined) =>
      signedBy(
        eve,
        [ofEve],
        startMs - 700,
        ...ids.map((entity, i): Event.Event => ({ entity, eseq, prev: prev(i), deps: [], ops: { d: true } }))
      )
    // A delete that rests on nothing is held.
    expect((yield* control.receive({ ...batch(eve, [deleted(1, () => undefined)]), judgesAll: true })).held).toBe(1)
    yield* hub.receive({ ...batch(eve, [begun, deleted(2, (i) => hashes[i])]), judgesAll: true })
    yield* hub.receive({ ...batch(max, [made]), judgesAll: true })
    expect(yield* hub.count("note")).toBe(60)
  })
)
