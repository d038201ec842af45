import { expect, it } from "vitest"
import { pack, unpack } from "../src/PackedNumbers.ts"

it("packed numbers come back, from -1 to the largest arrival number", () => {
  const numbers = [-1, 0, 1, 126, 127, 128, 16_382, 16_383, 2 ** 31, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER - 1]
  expect(unpack(pack(numbers))).toEqual(numbers)
  expect(unpack(pack([]))).toEqual([])
  expect(pack(Array.from({ length: 128 }, () => 0)).length).toBe(128)
})
