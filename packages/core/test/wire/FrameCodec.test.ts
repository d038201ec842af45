import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as Commit from "../../src/model/Commit.ts"
import * as Event from "../../src/model/Event.ts"
import * as MessagePack from "../../src/model/MessagePack.ts"
import * as Limits from "../../src/model/Limits.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import * as FrameCodec from "../../src/wire/FrameCodec.ts"
import { compression } from "../nodeCrypto.ts"
import { goldenFrames } from "./goldenFrames.ts"
import { filled, messages } from "./messages.ts"

const reasonOf = (frame: Uint8Array): string => {
  const decoded = FrameCodec.decode(compression, frame)
  return Result.isFailure(decoded) ? decoded.failure.reason._tag : "accepted"
}

const raw = (value: unknown): Uint8Array => Bytes.concat(Uint8Array.of(0), MessagePack.pack(value))
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

describe("FrameCodec", () => {
  it("[WI-1] every message comes back as it was sent", () => {
    messages.forEach((message, sequence) => {
      const frame = FrameCodec.encode(compression, { sequence, message })
      expect(FrameCodec.decode(compression, frame)).toEqual(Result.succeed({ sequence, message }))
    })
  })

  it("[WI-2] frames of version 1 are read for ever", () => {
    messages.forEach((message, sequence) => {
      expect(Bytes.toHex(FrameCodec.encode(compression, { sequence, message }))).toBe(goldenFrames[message._tag])
      expect(FrameCodec.decode(compression, Bytes.fromHex(goldenFrames[message._tag]!)!)).toEqual(
        Result.succeed({ sequence, message })
      )
    })
  })

  it("[WI-3] a frame beyond the size limit is refused, before and after decompression", () => {
    expect(reasonOf(new Uint8Array(Limits.frameBytesMax + 1))).toBe("FrameTooLarge")
    expect(reasonOf(new Uint8Array(10 * 1024 * 1024))).toBe("FrameTooLarge")
    const bomb = Bytes.concat(Uint8Array.of(1), compression.compress(new Uint8Array(256 * 1024 * 1024)))
    const startedMs = performance.now()
    expect(reasonOf(bomb)).toBe("FrameMalformed")
    expect(performance.now() - startedMs).toBeLessThan(100)
  })

  it("[WI-4] nesting beyond the limit is refused without decoding", () => {
    expect(reasonOf(raw(nested(40)))).toBe("FrameTooDeep")
    expect(reasonOf(Bytes.concat(Uint8Array.of(0), filled(500_000, 0x91), Uint8Array.of(1)))).toBe("FrameTooDeep")
  })

  it("[WI-5] extension types, lying lengths, trailing bytes and unknown methods are refused", () => {
    const wrong = [
      new Uint8Array(0),
      Uint8Array.of(0),
      raw([0, 8, new Date(0)]),
      Uint8Array.of(0, 0xdd, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0, 0xc6, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0, 0xc1),
      // A map whose key is a list.
      Uint8Array.of(0, 0x93, 0, 8, 0x81, 0x91, 1, 1),
      Uint8Array.of(0, 0xc7, 1, 0x72, 0x40),
      Bytes.concat(raw([0, 8, 1]), Uint8Array.of(1)),
      Uint8Array.of(9, 0x90),
      raw("text"),
      raw([-1, 8, 1]),
      raw([0.5, 8, 1]),
      raw([0, 8]),
      raw([0, 8, "1"]),
      raw([0, 6, 0, "feed", 0, 1, true, ["not bytes"]]),
      raw([0, 0, 1, filled(15, 1), filled(32, 1)])
    ]
    for (const frame of wrong) expect(reasonOf(frame)).toBe("FrameMalformed")
  })

  it("[WI-6] an unknown message is named and refused", () => {
    expect(reasonOf(raw([0, 12, 1]))).toBe("MessageUnknown")
    expect(reasonOf(raw([0, "Ping", 1]))).toBe("MessageUnknown")
  })

  it("[WI-7] damaged frames never throw", () => {
    const random = new SeededRandom(11)
    const frames = messages.map((message, sequence) => FrameCodec.encode(compression, { sequence, message }))
    for (let i = 0; i < 20_000; i++) {
      const frame = Bytes.copy(random.pick(frames))
      for (let flips = random.between(1, 4); flips > 0; flips--)
        frame[random.between(0, frame.length - 1)] = random.between(0, 255)
      const damaged = random.chance(0.2) ? frame.subarray(0, random.between(0, frame.length)) : frame
      expect(() => FrameCodec.decode(compression, damaged)).not.toThrow()
    }
  })

  it("[WI-8] extensions never reach the decoder, in events and commits neither", () => {
    // One text shared 3,000 times (120 MB as JSON), and a record definition that would give the byte 0x40 a new meaning.
    const shared = Buffer.concat([
      Buffer.from([0xdc, 0x0b, 0xb9, 0xd6, 0x69, 0, 0, 0, 1, 0xdb, 0, 0, 0x9c, 0x40]),
      Buffer.alloc(40_000, "A"),
      ...Array.from({ length: 3000 }, () => Buffer.from([0xd6, 0x70, 0, 0, 0, 1]))
    ])
    const record = Buffer.from([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x05])
    for (const bytes of [shared, record]) {
      expect(Event.decode(bytes, 1)).toBe("an event is malformed")
      expect(Commit.open(bytes)).toBe("a commit is not a list of 4 to 7")
      expect(reasonOf(Bytes.concat(Uint8Array.of(0), bytes))).toBe("FrameMalformed")
    }
    expect(MessagePack.unpack(Uint8Array.of(0x40), 1)).toEqual({ value: 64 })
  })
})
