/** Counting what devices bring: a day that moves on, a clock that is set, more devices than are counted, and a restart. */
import { PeerId } from "@syncline/core"
import { describe, expect, it } from "vitest"
import { devicesMax, QuotaBook } from "../../src/operation/QuotaBook.ts"

const hourMs = 3_600_000
const startMs = 500_000 * hourMs
const peer = (number: number): PeerId.PeerId => {
  const key = new Uint8Array(32)
  new DataView(key.buffer).setUint32(0, number)
  return PeerId.fromPublicKey(key)
}
const brought = (number: number, bytes: number, records = 0) => ({ device: peer(number), bytes, records, commits: 1 })

describe("what devices bring", () => {
  it("[HQ-1] counts for 24 hours by full hours, and says when there is room", () => {
    const book = new QuotaBook()
    book.add(brought(1, 70), startMs)
    book.add(brought(1, 30), startMs + 5 * hourMs)
    book.add(brought(1, 5), startMs + 5 * hourMs + 1)
    const nowMs = startMs + 6 * hourMs
    expect(book.dayBytes(peer(1), nowMs)).toBe(105)
    expect(book.roomAtMs(peer(1), 100, nowMs)).toBe(startMs + 24 * hourMs)
    expect(book.roomAtMs(peer(1), 20, nowMs)).toBe(startMs + 29 * hourMs)
    expect(book.dayBytes(peer(1), startMs + 24 * hourMs - 1)).toBe(105)
    expect(book.dayBytes(peer(1), startMs + 24 * hourMs)).toBe(35)
    expect(book.dayBytes(peer(1), startMs + 29 * hourMs)).toBe(0)
    expect(book.dayBytes(peer(2), nowMs)).toBe(0)
  })

  it("[HQ-1] a clock that is set back gives no room, and holds nobody back for more than a day", () => {
    const book = new QuotaBook()
    book.add(brought(1, 70), startMs + 100 * hourMs)
    book.add(brought(1, 30), startMs)
    expect(book.dayBytes(peer(1), startMs)).toBe(100)
    expect(book.dayBytes(peer(1), startMs + 23 * hourMs)).toBe(100)
    expect(book.dayBytes(peer(1), startMs + 24 * hourMs)).toBe(0)
  })

  it("[HQ-2] records grow and shrink, and are never less than none", () => {
    const book = new QuotaBook()
    book.add(brought(1, 1, 5), startMs)
    book.add(brought(1, 1, -3), startMs)
    expect(book.records(peer(1))).toBe(2)
    book.add(brought(1, 1, -9), startMs)
    book.add(brought(1, 1, 1), startMs)
    expect(book.records(peer(1))).toBe(1)
  })

  it("[HQ-4] what one run wrote down the next one has, with what it counted itself", () => {
    const [first, second] = [new QuotaBook(), new QuotaBook()]
    for (let n = 0; n < 300; n++) first.add(brought(n, n, n), startMs)
    const rows = new Map(first.changes())
    expect(first.isChanged).toBe(false)
    first.add(brought(7, 100, 1), startMs + hourMs)
    const changed = first.changes()
    expect(changed).toHaveLength(1)
    for (const [row, text] of changed) rows.set(row, text)
    second.add(brought(7, 1, 1), startMs + hourMs)
    second.take([...rows.values(), "no row", "[[1]]"])
    expect(second.size).toBe(300)
    expect([second.records(peer(7)), second.dayBytes(peer(7), startMs + hourMs)]).toEqual([9, 108])
    expect([second.records(peer(299)), second.dayBytes(peer(299), startMs)]).toEqual([299, 299])
  })

  it("[HQ-4] of more devices than are counted the one that was silent for longest goes, also from where it is kept", () => {
    const book = new QuotaBook()
    const hours = Array.from({ length: 24 }, (_, hour) => startMs + hour * hourMs)
    for (let n = 0; n < devicesMax; n++) for (const atMs of hours) book.add(brought(n, 1_000_000_000, 1), atMs)
    const rows = book.changes()
    for (const [, text] of rows) expect(text.length).toBeLessThanOrEqual(65_536)
    book.add(brought(devicesMax, 1), hours[23]!)
    expect([book.size, book.records(peer(0)), book.records(peer(1))]).toEqual([devicesMax, 0, 24])
    expect(
      book
        .changes()
        .map(([, text]) => text)
        .join()
    ).not.toContain(peer(0))
  })
})
