import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import type { Author } from "../../src/identity/Author.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import { type CommittedEvent, entries } from "../../src/merge/EntityTimeline.ts"
import * as Event from "../../src/model/Event.ts"

const author = "a/0000000000000001" as Author

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest())

/** An event of one author, stored by the arrival number `lseq`. */
const event = (eseq: number, prev: CommittedEvent | undefined, atMs: number, text: string, lseq: number) => {
  const made: Event.Event = { entity: "n1", eseq, prev: prev?.origin.hash, deps: [], ops: { s: { text } } }
  const hash = new Uint8Array(createHash("sha256").update(Event.encode(made)).digest().subarray(0, 16))
  const origin = { at: HybridTime.make(atMs, 0), authors: [author], hash }
  return { event: made, origin, commit: `commit ${lseq}`, lseq, group: undefined } satisfies CommittedEvent
}

describe("a forked author's entity", () => {
  it("[JR-61] tells both branches in one order, whichever came first, also of one moment", () => {
    const first = event(1, undefined, 1, "first", 1)
    const left = event(2, first, 2, "left", 2)
    const right = event(2, first, 2, "right", 3)
    const end = event(3, left, 3, "end", 4)
    const told = (events: ReadonlyArray<CommittedEvent>) => {
      const all = entries(events, undefined, 10, sha256)
      return all.map(({ changes: [change] }) => (change?.kind === "lww" ? [change.previous, change.value] : []))
    }
    const all = told([first, left, right, end])
    expect(told([end, right, left, first])).toEqual(all)
    const [one, other] = all[1]![1] === "left" ? ["right", "left"] : ["left", "right"]
    expect(all).toEqual([
      [other, "end"],
      [one, other],
      ["first", one],
      [undefined, "first"]
    ])
    const page = entries([end, right, left, first], undefined, 2, sha256)
    expect(page.map(({ lseq }) => lseq)).toEqual([4, other === "left" ? 2 : 3])
    expect(entries([first, left, right, end], page[1], 2, sha256).map(({ lseq }) => lseq)).toEqual([
      other === "left" ? 3 : 2,
      1
    ])
  })
})
