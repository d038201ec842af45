/**
 * Messages to frames and back: the only file that knows the layout of the wire. A frame is one byte that names the
 * compression method, then MessagePack of `[sequence, tag, ...fields]` in the order of `WireMessage`.
 * It judges shape and size only; whether a message makes sense now is the session's business.
 */
import { Result, Schema } from "effect"
import { type CompressionFunctions, compressBytesMin } from "../crypto/Compression.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as Limits from "../model/Limits.ts"
import * as MessagePack from "../model/MessagePack.ts"
import { FrameMalformed, FrameTooDeep, FrameTooLarge, MessageUnknown, WireError } from "./WireError.ts"
import * as Wire from "./WireMessage.ts"

/** A message with its place among the frames that its sender sent in this session, from 0. */
export interface Frame {
  readonly sequence: number
  readonly message: Wire.WireMessage
}

// The place in this list is the tag on the wire: entries are only ever added at the end.
const schemas = [
  Wire.Challenge,
  Wire.ChallengeAck,
  Wire.Hello,
  Wire.HelloAck,
  Wire.SyncRequest,
  Wire.SyncState,
  Wire.EventBatch,
  Wire.EventAck,
  Wire.Ping,
  Wire.Pong,
  Wire.Error,
  Wire.CharterSync
] as const

interface Entry {
  readonly tag: number
  readonly name: Wire.WireMessage["_tag"]
  readonly fields: ReadonlyArray<string>
  readonly decode: (input: unknown) => Result.Result<Wire.WireMessage, Schema.SchemaError>
}

const entries: ReadonlyArray<Entry> = schemas.map((schema, tag) => ({
  tag,
  name: schema.fields._tag.schema.literal,
  fields: Object.keys(schema.fields).filter((field) => field !== "_tag"),
  decode: Schema.decodeUnknownResult(schema as Schema.Codec<Wire.WireMessage, unknown>)
}))
const entryByName = new Map<string, Entry>(entries.map((entry) => [entry.name, entry]))

/** Encodes a message. Only frames of small commits gain from compression: large commits are compressed already. */
export const encode = (compression: CompressionFunctions, frame: Frame): Uint8Array => {
  const { message } = frame
  const entry = entryByName.get(message._tag)!
  const fields = message as unknown as Record<string, unknown>
  const packed = MessagePack.pack([frame.sequence, entry.tag, ...entry.fields.map((field) => fields[field])])
  const isWorthwhile =
    packed.length >= compressBytesMin &&
    (message._tag !== "EventBatch" || packed.length / message.commits.length < compressBytesMin)
  if (!isWorthwhile) return Bytes.concat(Uint8Array.of(0), packed)
  return Bytes.concat(Uint8Array.of(compression.method), compression.compress(packed))
}

/** Decodes a frame, or says why the link must end. Byte arrays in the result are copies. */
export const decode = (compression: CompressionFunctions, frame: Uint8Array): Result.Result<Frame, WireError> => {
  if (frame.length > Limits.frameBytesMax) return tooLarge(frame.length)
  if (frame.length < 2) return malformed("it is empty")
  const payload = compression.decompress(frame[0]!, frame.subarray(1), Limits.frameBytesMax)
  if (payload === undefined) return malformed("it does not decompress within the frame limit")
  // A copy once per frame, so that nothing kept from it pins or shares the transport's buffer.
  const unpacked = MessagePack.unpack(Bytes.copy(payload), Limits.frameDepthMax)
  if (unpacked === "deep") return fail(new FrameTooDeep({ depthMax: Limits.frameDepthMax }))
  if (typeof unpacked === "string") return malformed("it is not one MessagePack value without extensions")
  const fields = unpacked.value
  if (!Array.isArray(fields) || fields.length < 2) return malformed("it is not a list")
  const [sequence, tag, ...rest] = fields as ReadonlyArray<unknown>
  if (!Number.isSafeInteger(sequence) || (sequence as number) < 0) return malformed("it has no sequence number")
  const entry = typeof tag === "number" ? entries[tag] : undefined
  if (entry === undefined) return fail(new MessageUnknown({ tag: String(tag) }))
  if (rest.length !== entry.fields.length) return malformed(`${entry.name} has ${rest.length} fields`)
  const input: Record<string, unknown> = { _tag: entry.name }
  for (let i = 0; i < rest.length; i++) input[entry.fields[i]!] = rest[i]
  const decoded = entry.decode(input)
  if (Result.isFailure(decoded)) return malformed(`${entry.name}: ${decoded.failure.message.slice(0, 200)}`)
  return Result.succeed({ sequence: sequence as number, message: decoded.success })
}

const fail = (reason: WireError["reason"]): Result.Result<never, WireError> => Result.fail(new WireError({ reason }))
const malformed = (problem: string): Result.Result<never, WireError> => fail(new FrameMalformed({ problem }))
const tooLarge = (bytes: number): Result.Result<never, WireError> =>
  fail(new FrameTooLarge({ bytes, bytesMax: Limits.frameBytesMax }))
