// The measurements of large stores, with few records: that they measure what they say, not how fast this machine is.
import { afterAll, describe, expect, it } from "vitest"
import type { Measurement } from "../src/Measurement.ts"
import { differences } from "../src/measurements/Differences.ts"
import { equalStores } from "../src/measurements/EqualStores.ts"
import { liveStream } from "../src/measurements/LiveStream.ts"
import * as StorePair from "../src/StorePair.ts"
import { Workshop } from "../src/Workshop.ts"

const limitMs = 120_000
const workshop = new Workshop({ isQuick: true, profiles: undefined })
afterAll(() => workshop.close(), limitMs)

const valuesOf = async (measurement: Measurement) => {
  const readings = await measurement.run(workshop)
  await workshop.endAll()
  const values = new Map(readings.map(({ figure, value }) => [figure, value]))
  expect(readings.filter(({ value }) => !(value > 0))).toEqual([])
  return (figure: string) => values.get(figure) ?? Number.NaN
}

describe("measurements of stores", () => {
  it("see two equal stores prove it with few bytes", { timeout: limitMs }, async () => {
    const value = await valuesOf(equalStores)
    expect(value("two equal stores of 4k, reconnect: bytes")).toBeLessThanOrEqual(1_024)
    expect(value("two equal stores of 4k, on an open link: bytes")).toBeLessThanOrEqual(128)
    expect(value("two equal stores of 4k, on an open link: round trips")).toBe(1)
  })

  it("see a hundred differences repaired without the other records", { timeout: limitMs }, async () => {
    const value = await valuesOf(differences)
    expect(value("100 differences at 4k, further ones: bytes")).toBeLessThanOrEqual(64 * 1024)
    expect(value("100 differences at 4k, further ones: round trips")).toBeLessThanOrEqual(20)
  })

  it("leave both stores with the same records", { timeout: limitMs }, async () => {
    const { count } = StorePair.millionOf(workshop)
    const { device, hub } = await StorePair.stores(workshop, count)
    const hashes: Array<unknown> = []
    for (const { folder, trusted } of [hub, device]) {
      const child = workshop.child()
      await child.call("openPeer", { folder, trusted, space: "bench" })
      hashes.push(await child.call("stateHash"))
    }
    await workshop.endAll()
    expect(hashes[0]).toBe(hashes[1])
  })

  it("see a stream of changes arrive", { timeout: limitMs }, async () => {
    const value = await valuesOf(liveStream)
    expect(value("from device to device as it is written, 100 per commit")).toBeGreaterThan(0)
  })
})
