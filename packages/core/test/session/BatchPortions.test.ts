// What became of the portions of a batch, added up.
import { expect, it } from "@effect/vitest"
import type { RemoteOutcome } from "../../src/journal/Journal.ts"
import { PortionSum } from "../../src/session/BatchPortions.ts"

it("[SE-17] what the portions of a batch changed is not gone through again, and what is said of its commits adds up", () => {
  const portion = (n: number): RemoteOutcome => ({
    applied: 128,
    known: 0,
    held: 1,
    gaps: 2,
    locked: 0,
    refused: [["Denied", 1]],
    verdicts: [{ index: n, code: "MassDelete", kind: "held", rule: "", policyVersion: 0, because: "" }],
    fresh: [],
    arrived: [],
    massDeletes: [],
    isCopied: false,
    forks: [],
    conflicts: [],
    get entities(): never {
      throw new Error("there may be very many")
    },
    cursor: n,
    head: n
  })
  const sum = new PortionSum()
  for (let n = 0; n < 512; n++) sum.add(portion(n))
  expect(sum.outcome).toMatchObject({ applied: 65_536, held: 512, gaps: 1024, refused: [["Denied", 512]], cursor: 511 })
  expect(sum.outcome.verdicts.map(({ index }) => index)).toEqual(Array.from({ length: 512 }, (_, n) => n))
})
