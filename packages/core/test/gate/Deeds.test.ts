// What a commit does, as a policy tells it apart.
import { describe, expect, it } from "vitest"
import * as Deeds from "../../src/gate/Deeds.ts"
import type { EntityChange } from "../../src/model/EntityChange.ts"
import type { Event, Operations } from "../../src/model/Event.ts"

const event = (ops: Operations, more: Partial<Event> = {}): Event => ({
  entity: "e1",
  eseq: 1,
  prev: undefined,
  deps: [],
  ops,
  ...more
})
const told = (events: ReadonlyArray<Event>, isThere = false): string => {
  const { creates, deletes, fields, updates } = Deeds.ofEvents(events, () => isThere)
  return [creates && "creates", updates && "updates", deletes && "deletes", ...fields].filter(Boolean).join(" ")
}

describe("what events do", () => {
  it("[DE-1] creations, updates and deletions, with the fields that they write", () => {
    expect(told([event({ s: { title: "a" }, c: { votes: 1 } })])).toBe("creates title votes")
    expect(told([event({ s: { title: "a" } }, { eseq: 2 })])).toBe("updates title")
    expect(told([event({ a: { tags: ["x"] } }, { deps: [[1, 4]] })])).toBe("updates tags")
    expect(told([event({ r: { tags: [] } }, { eseq: 2 })])).toBe("updates tags")
    expect(told([event({ d: true }, { eseq: 2 })])).toBe("deletes")
    expect(told([event({ s: { title: "a" } }), event({ d: true }, { entity: "e2", eseq: 3 })])).toBe(
      "creates deletes title"
    )
  })

  it("[DE-1] a deletion that writes fields is an update, and so is what brings a record back", () => {
    expect(told([event({ d: true, s: { title: "a" } }, { eseq: 2 })])).toBe("updates deletes title")
    expect(told([event({ d: false, s: { title: "a" } }, { eseq: 2 })])).toBe("creates updates title")
    expect(told([event({ d: false, s: { title: "a" } })])).toBe("creates updates title")
  })

  it("[DE-2] what begins a record that is there is an update", () => {
    expect(told([event({ s: { title: "a" } })], true)).toBe("updates title")
    expect(Deeds.begun([event({}), event({}, { eseq: 2 }), event({ d: true }), event({ d: false })])).toEqual(["e1"])
  })
})

it("[DE-9] an event in the place of another deletes what that brought back, and brings back what that deleted", () => {
  const w = [[0, 3, new Uint8Array(16)]] as const
  for (const d of [true, false]) expect(told([event({ d, w })])).toBe("creates updates deletes")
  expect(told([event({ s: { title: "a" }, w }, { eseq: 2 })])).toBe("updates title")
})

describe("what this device is about to do", () => {
  const put = (lww: { readonly [field: string]: string }): EntityChange => ({
    partition: { type: "note", header: {} },
    id: "e1",
    change: { kind: "put", lww, counters: {}, sets: {} }
  })
  const told = (change: EntityChange, before: Deeds.RecordBefore | undefined): string => {
    const { creates, deletes, fields, updates } = Deeds.ofChange(change, before)
    return [creates && "creates", updates && "updates", deletes && "deletes", ...fields].filter(Boolean).join(" ")
  }

  it("[DE-3] a put creates, changes or brings back", () => {
    expect(told(put({ title: "a", text: "b" }), undefined)).toBe("creates title text")
    expect(told(put({ title: "a", text: "b" }), { fields: { title: "a", text: "" } })).toBe("updates text")
    expect(told(put({ title: "a" }), { fields: undefined })).toBe("creates updates title")
  })

  it("[DE-3] a patch and a deletion", () => {
    const partition = { type: "note", header: {} }
    const before = { fields: { title: "a" } }
    const patch = { kind: "patch", lww: { title: "a" }, counters: { votes: 1 }, sets: {} } as const
    expect(told({ partition, id: "e1", change: patch }, before)).toBe("updates title votes")
    expect(told({ partition, id: "e1", change: { kind: "delete" } }, before)).toBe("deletes")
  })
})
