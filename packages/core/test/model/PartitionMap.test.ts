// A map by partition holds apart what the texts of their keys hold apart, and nothing else.
import { describe, expect, it } from "vitest"
import * as Partition from "../../src/model/Partition.ts"
import { PartitionMap } from "../../src/model/PartitionMap.ts"

const headers: ReadonlyArray<Partition.HeaderValues> = [
  {},
  ...["1", 1, true, "true", false, 0, "", null, "null", "a"].flatMap((value) => [{ team: value }, { owner: value }]),
  { team: "a", owner: "a" },
  { owner: "a", team: "a" },
  { team: "a", owner: "b" },
  { team: "a\n" },
  { ["__proto__"]: "a" }
]
const partitions = headers.flatMap((header) => ["note", "task", "__proto__"].map((type) => ({ type, header })))

describe("a map by partition", () => {
  it("[DE-4] answers as a map by key, in whatever order partitions come", () => {
    for (const order of [partitions, partitions.toReversed()]) {
      const map = new PartitionMap<number>()
      const byKey = new Map<string, number>()
      for (const [i, partition] of order.entries()) {
        expect(map.get(structuredClone(partition))).toBe(byKey.get(Partition.key(partition)))
        map.set(partition, i)
        byKey.set(Partition.key(partition), i)
        expect(map.get(structuredClone(partition))).toBe(i)
      }
      for (const partition of order) expect(map.get(partition)).toBe(byKey.get(Partition.key(partition)))
      expect([...map.values()].toSorted((a, b) => a - b)).toEqual([...byKey.values()].toSorted((a, b) => a - b))
      expect(map.get({ type: "note", header: { team: "nobody's" } })).toBe(undefined)
    }
  })

  it("[DE-4] holds 0 and -0 to be one value, as keys do", () => {
    const map = new PartitionMap<string>()
    map.set({ type: "note", header: { level: -0 } }, "zero")
    expect(map.get({ type: "note", header: { level: 0 } })).toBe("zero")
  })
})
