import { describe, expect, it } from "@effect/vitest"
import type { CharterOperation } from "@syncline/core"
import { Effect } from "effect"
import { open } from "./space.ts"

const withFields = JSON.stringify({
  version: 1,
  types: { task: { header: { team: "text" }, fields: ["salary"] } },
  rules: [
    { id: "pay", effect: "forbid", actions: ["update"], to: { roles: ["member"] }, types: ["task"], fields: ["salary"] }
  ]
})
const withoutFields = withFields.replace(',"fields":["salary"]}]', "}]")
const seal: CharterOperation.CharterOperation = { _tag: "SealSpace", showsHistory: true, periodDays: null }

describe("the policy of a sealed space", () => {
  it.effect("[EP-80] has no rule on fields, which nobody could judge by: neither before it is sealed nor after", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open()
      yield* write({ _tag: "SetPolicy", text: withFields })
      const refused = yield* Effect.flip(write(seal))
      expect(refused.message).toContain("rule pay is about fields, which are sealed in this space")
      expect(charter.state().seal).toBeUndefined()
      yield* write({ _tag: "SetPolicy", text: withoutFields }, seal)
      expect((yield* Effect.flip(write({ _tag: "SetPolicy", text: withFields }))).message).toContain(
        "rule pay is about"
      )
      expect(charter.state().policy?.text).toBe(withoutFields)
    })
  )
})
