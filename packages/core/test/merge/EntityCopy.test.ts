import { expect, it } from "vitest"
import * as EntityCopy from "../../src/merge/EntityCopy.ts"
import { canonicalText } from "../../src/model/FieldValue.ts"
import * as Limits from "../../src/model/Limits.ts"

const partition = { type: "task", header: { team: "north" } }
const made = (copy: Omit<EntityCopy.EntityCopy, "partition" | "id">) =>
  EntityCopy.changes({ partition, id: "1", ...copy }).map(({ change }) => change)

it("[EC-1] a small entity is one put, without its header", () => {
  const fields = { team: "north", title: "a", votes: 3, tags: ["x"] }
  expect(EntityCopy.changes({ partition, id: "1", fields, kinds: { votes: "counter", tags: "orSet" } })).toEqual([
    { partition, id: "1", change: { kind: "put", lww: { title: "a" }, counters: { votes: 3 }, sets: { tags: ["x"] } } }
  ])
  expect(made({ fields: {} })).toEqual([{ kind: "put", lww: {}, counters: {}, sets: {} }])
})

it("[EC-1] a large one is made in pieces that events hold, and a counter in steps", () => {
  const whole = 5 * Limits.counterDeltaAbsMax + 7
  const tags = Array.from({ length: 3_000 }, (_, tag) => `${tag} ${"x".repeat(50)}`)
  const changes = made({ fields: { votes: whole, tags }, kinds: { votes: "counter", tags: "orSet" } })
  expect(changes[0]!.kind).toBe("put")
  expect(new Set(changes.slice(1).map(({ kind }) => kind))).toEqual(new Set(["patch"]))
  let votes = 0
  const seen = new Set<unknown>()
  for (const change of changes) {
    if (change.kind !== "put" && change.kind !== "patch") throw new Error(change.kind)
    expect(canonicalText({ ...change.lww, tags: tagsOf(change.sets) }).length).toBeLessThan(Limits.writtenEventBytesMax)
    votes += change.counters["votes"] ?? 0
    expect(change.counters["votes"] ?? 0).toBeLessThanOrEqual(Limits.counterDeltaAbsMax)
    for (const tag of tagsOf(change.sets)) seen.add(tag)
  }
  expect(votes).toBe(whole)
  expect(seen.size).toBe(3_000)
})

const tagsOf = (sets: { readonly [field: string]: unknown }): ReadonlyArray<string> => {
  const tags = sets["tags"] as ReadonlyArray<string> | { readonly add: ReadonlyArray<string> } | undefined
  return tags === undefined ? [] : "add" in tags ? tags.add : tags
}

it("[EC-1] a counter at 0 and an empty set are there afterwards", () => {
  const changes = made({ fields: { votes: 0, tags: [] }, kinds: { votes: "counter", tags: "orSet" } })
  expect(changes).toEqual([
    { kind: "put", lww: {}, counters: { votes: 1 }, sets: {} },
    { kind: "patch", lww: {}, counters: { votes: -1 }, sets: {} },
    { kind: "patch", lww: {}, counters: {}, sets: { tags: { add: [null], remove: [] } } },
    { kind: "patch", lww: {}, counters: {}, sets: { tags: { add: [], remove: [null] } } }
  ])
})

it("[EC-2] what the data model forbids is named", () => {
  const problem = (more: Partial<EntityCopy.EntityCopy>) =>
    EntityCopy.problem({ partition, id: "1", fields: {}, ...more })?.field
  expect(problem({})).toBeUndefined()
  expect(problem({ id: "x".repeat(200) })).toBe("id")
  expect(problem({ partition: { type: "", header: {} } })).toBe("(type)")
  expect(problem({ partition: { type: "task", header: { team: "x".repeat(300) } } })).toBe("header")
  expect(problem({ fields: { [""]: 1 } })).toBe("")
  expect(problem({ fields: { votes: 0.5 }, kinds: { votes: "counter" } })).toBe("votes")
  expect(problem({ fields: { tags: "a" }, kinds: { tags: "orSet" } })).toBe("tags")
  expect(problem({ fields: { deep: JSON.parse("[".repeat(40) + "]".repeat(40)) as never } })).toBe("deep")
})
