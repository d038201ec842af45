/**
 * Writing rights and events that say that they are in the place of others: they take nothing back.
 */
import { describe, expect, it } from "@effect/vitest"
import { Author, MemoryTransport } from "@syncline/core"
import { Effect } from "effect"
import { joining } from "./space.ts"
import { found, makeNode, pass, seenBy, type TeamNode } from "./teamNodes.ts"

/** What members may do; of what is there they may change the title. */
const may = (...actions: ReadonlyArray<string>) => ({
  _tag: "SetPolicy" as const,
  text: JSON.stringify({
    version: 1,
    types: { task: { header: { team: "text" }, fields: ["title", "salary"] } },
    rules: [
      { id: "r", effect: "allow", actions: ["read", ...actions], types: ["task"] },
      { id: "u", effect: "allow", actions: ["update"], types: ["task"], fields: ["title"] }
    ]
  })
})

/** What a hostile program can do: it calls itself a new author, and writes an event in the place of its newest one. */
const putInPlace = Effect.fnUntraced(function* ({ journal }: TeamNode) {
  const { rows } = yield* journal.partitions
  const { hash, partition } = rows.find((row) => row.partition.type === "task")!
  const [item] = yield* journal.items(hash, "", 5)
  const [found] = yield* journal.clocks([{ partitionHash: hash, key: item!.key }])
  const [author, eseq, head] = found!.clock.at(-1)!
  yield* journal.renew
  const replaces = [[Author.fromBytes(author), eseq, head]] as const
  const change = { kind: "rewrite", ops: { s: { title: "b" } }, replaces } as const
  yield* journal.write([{ partition, id: "x", change }])
})

describe("an event in the place of an own one that is known", () => {
  for (const isDeleted of [false, true]) {
    const what = isDeleted ? "brings back nothing that was deleted" : "takes away nothing that other fields held"
    it.effect(`[EP-72] ${what}`, () =>
      Effect.gen(function* () {
        const network = MemoryTransport.makeNetwork()
        const [hub, mia] = [yield* makeNode(network, 1, []), yield* makeNode(network, 2, [1])]
        yield* found(hub)
        yield* hub.write(...joining(["mia", "member", 2, "north"]), may("create", "delete"))
        yield* hub.start
        yield* mia.start
        yield* pass(3_000)
        yield* mia.put("x", { team: "north", title: "a", salary: 100 })
        if (isDeleted) yield* mia.remove("x")
        yield* pass(5_000)
        yield* hub.write(may("delete"))
        yield* pass(5_000)
        const before = yield* hub.journal.get("task", "x")
        expect(before === undefined).toBe(isDeleted)
        yield* putInPlace(mia)
        yield* pass(70_000)
        for (const { journal } of [hub, mia]) {
          const after = yield* journal.get("task", "x")
          if (isDeleted) expect(after).toBeUndefined()
          else expect(after?.fields).toEqual({ team: "north", title: "b", salary: 100 })
        }
        // By itself it writes a title, which may be.
        expect(seenBy(mia, "WriteRejected").length).toBe(0)
      })
    )
  }
})
