import { describe, expect, it } from "@effect/vitest"
import { Bytes, Limits } from "@syncline/core"
import { Schema } from "effect"
import { FrameReader, frameMessage, takenMessage } from "../src/FrameReader.ts"

interface Found {
  readonly frames: Array<Uint8Array>
  readonly taken: Array<number>
}

const readerInto = ({ frames, taken }: Found): FrameReader =>
  new FrameReader({ onFrame: (frame) => frames.push(frame), onTaken: (bytes) => taken.push(bytes) })

const Pieces = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))).check(
  Schema.isMaxLength(60)
)
const Sizes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 90 }))).check(
  Schema.isMaxLength(12)
)

describe("frames out of a stream of bytes", () => {
  it.prop(
    "[LP-3] any pieces give the same frames, with other messages in between",
    { pieces: Pieces, sizes: Sizes },
    ({ pieces, sizes }) => {
      const frames = sizes.map((size, index) => new Uint8Array(size).fill(index))
      const bytes = Bytes.concat(...frames.flatMap((frame, index) => [frameMessage(frame), takenMessage(index)]))
      const found: Found = { frames: [], taken: [] }
      const reader = readerInto(found)
      let at = 0
      for (const piece of [...pieces, bytes.length]) {
        expect(reader.push(bytes.subarray(at, at + piece))).toBe(undefined)
        at += piece
      }
      expect(found.frames).toEqual(frames)
      expect(found.taken).toEqual(sizes.map((_, index) => index))
    }
  )

  it("[LP-3] a head beyond the frame limit is refused before anything of it is kept", () => {
    const found: Found = { frames: [], taken: [] }
    const head = frameMessage(new Uint8Array(Limits.frameBytesMax)).subarray(0, 4)
    expect(readerInto(found).push(head)).toBe(undefined)
    const beyond = Uint8Array.from(head)
    beyond[3]! += 1
    expect(readerInto(found).push(beyond)).toContain("1048577")
    expect(found.frames).toEqual([])
  })
})
