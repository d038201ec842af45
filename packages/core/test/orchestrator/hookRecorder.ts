// Hooks that keep what they are told, and nodes to change under them.
import { Effect, Schema, Scope } from "effect"
import type { EntityChange } from "../../src/model/EntityChange.ts"
import * as Entity from "../../src/model/Entity.ts"
import type { AppliedChange, CommittedChange, Hook } from "../../src/orchestrator/Hook.ts"
import { Orchestrator } from "../../src/orchestrator/Orchestrator.ts"
import { Records } from "../../src/orchestrator/Records.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { makeNode, type NodeUnderTest, until } from "./twoNodes.ts"

export const Note = Entity.make("note", { text: Entity.lww(Schema.String) })

export const alone = Effect.suspend(() => makeNode(MemoryTransport.makeNetwork(), 1, [], []))
export const hook = (node: NodeUnderTest, its: Hook) =>
  Effect.flatMap(Effect.scope, (scope) =>
    node.run(Orchestrator.use((orchestrator) => orchestrator.hook(its).pipe(Scope.provide(scope))))
  )
export const write = (node: NodeUnderTest, id: string, text = "x", type = Note) =>
  node.run(Records.use((records) => records.putAll(type, [{ id, value: { text } }])))
export const writeMany = (node: NodeUnderTest, ids: ReadonlyArray<string>) =>
  node.run(
    Records.use((records) =>
      records.putAll(
        Note,
        ids.map((id) => ({ id, value: { text: "x" } }))
      )
    )
  )
export const idsOf = ({ entities }: CommittedChange | AppliedChange) => entities.map(({ id }) => id)
export const named = (count: number, prefix = "n") => Array.from({ length: count }, (_, i) => `${prefix}${i}`)
export const happened = (what: string, isTrue: () => boolean) => until(what, Effect.sync(isTrue))
export const failuresOf = (node: NodeUnderTest) => node.seen.filter((event) => event._tag === "HookFailed")

/** A hook that keeps what it is told. */
export const recorder = (name: string) => {
  const committed: Array<CommittedChange> = []
  const applied: Array<AppliedChange> = []
  const its: Hook = {
    name,
    onCommit: (change) => Effect.sync(() => committed.push(change)),
    onApplied: (change) => Effect.sync(() => applied.push(change))
  }
  return { committed, applied, hook: its }
}

/** The change that makes a note, for a journal without a node around it. */
export const noteOf = (id: string): EntityChange => ({
  partition: { type: "note", header: {} },
  id,
  change: { kind: "put", lww: { text: "x" }, counters: {}, sets: {} }
})
