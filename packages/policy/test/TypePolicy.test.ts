/**
 * The policy under the seeds' names.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as TypePolicy from "../src/TypePolicy.ts"
import { open, peer, policy } from "./space.ts"

describe("a policy asked by type", () => {
  it.effect("[EP-27] answers as the gate does for records without header values", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2, "north"])
      yield* write(policy({ types: ["note"], actions: ["read"] }))
      const { audit, canReceive, canSend } = TypePolicy.of(gate)
      expect(yield* canSend("note", peer(2))).toMatchObject({ allowed: true, rule: "r0" })
      expect(yield* canReceive("note", peer(2))).toMatchObject({ allowed: true, rule: "r0" })
      const refused = yield* canSend("task", peer(2))
      expect(refused).toMatchObject({ allowed: false, rule: "default" })
      expect((yield* canSend("note", peer(9))).allowed).toBe(false)
      yield* audit({ action: "send", peer: peer(2), decision: refused, detail: "task" })
    })
  )
})
