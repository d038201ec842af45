/**
 * Texts of up to 32 MiB as ordinary entities, whose events hold 63 KiB: a head that says which text counts, and beside it, where the text
 * does not fit into the head, pieces. A new text goes into pieces that no recent head names, and the head changes last and at once, so whoever
 * reads gets one text or the other, also after a crash, when two hubs write, and after a recent head was restored. Nothing is deleted: a hub that deletes much looks like an attack to
 * other devices. What a text is about is its owner's to say.
 */
import { createHash } from "node:crypto"
import { DeviceKey, Entity, type JournalError, Records, type WriteError } from "@syncline/core"
import { Effect, Schema, Semaphore } from "effect"
import { because, type GatewayError, ofStore, PiecesMissing, TextTooLarge } from "./GatewayError.ts"

/** Longest text, in bytes of UTF-8. */
export const textBytesMax = 32 * 1024 * 1024
/** Longest text that stands in its head. */
export const inlineBytesMax = 32 * 1024
/** A piece, in bytes of UTF-8; JSON escapes are not counted, as records are MessagePack. */
const pieceBytesMax = 48 * 1024
/** Pieces of one transaction: others write in between. */
const piecesPerWrite = 64
/** Pieces that are read at a time. */
const readsMax = 16
/** Writers of different texts that do not wait for each other, as a rule. */
const turnsMax = 64

/** What its owner says of a text; each is a field of the head. */
export interface Facts {
  readonly [field: string]: string | number | boolean
}

export interface TextKind {
  /** Entity type of heads. */
  readonly head: string
  /** Entity type of pieces. */
  readonly piece: string
  /** Versions of a text whose pieces stay; 2 at least. */
  readonly versions: number
}

export interface Held {
  readonly text: string
  readonly facts: Facts
  /** Of the text in UTF-8; 64 hexadecimal digits. */
  readonly sha256: string
}

export interface ChunkedText {
  /** Makes `text` the one that counts of this id. One that counts already is not written again. One writer of an id at a time. */
  readonly put: (kind: TextKind, id: string, text: string, facts: Facts) => Effect.Effect<void, GatewayError>
  /** The text that counts; `undefined` where there is none. */
  readonly get: (kind: TextKind, id: string) => Effect.Effect<Held | undefined, GatewayError>
}

/** One field, so that it is never half of one writer's and half of another's. */
const Content = Schema.Struct({
  sha256: Schema.String,
  bytes: Schema.Int,
  /** Which of the versions that stay. */
  turn: Schema.Int,
  text: Schema.optionalKey(Schema.String),
  /** Where its pieces are, and how many, where it does not stand here. */
  slot: Schema.optionalKey(Schema.String),
  pieces: Schema.optionalKey(Schema.Int)
})
type Content = typeof Content.Type

const isContent = Schema.is(Content)

/** For one hub; its key keeps what it writes apart from what another hub does. */
export const make: Effect.Effect<ChunkedText, never, Records.Records | DeviceKey.DeviceKey> = Effect.gen(function* () {
  const records = yield* Records.Records
  const { peer } = yield* DeviceKey.DeviceKey
  const writer = hashOf(peer).slice(0, 8)
  const turns = Array.from({ length: turnsMax }, () => Semaphore.makeUnsafe(1))
  const turnOf = (id: string): Semaphore.Semaphore => turns[Number.parseInt(hashOf(id).slice(0, 8), 16) % turnsMax]!
  return {
    put: (kind, id, text, facts) =>
      write(records, writer, kind, id, text, facts).pipe(storing, turnOf(`${kind.head} ${id}`).withPermits(1)),
    // What was just replaced may be read as its successor is written.
    get: (kind, id) => read(records, kind, id).pipe(Effect.retry({ times: 1, while: isMissing }), storing)
  }
})

type Failure = GatewayError | WriteError.WriteError | JournalError.JournalError

const isMissing = (error: Failure): boolean => error._tag === "GatewayError"

const storing = <A>(effect: Effect.Effect<A, Failure>): Effect.Effect<A, GatewayError> =>
  Effect.mapError(effect, (error) => (error._tag === "GatewayError" ? error : ofStore(error)))

const hashOf = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex")

const write = Effect.fnUntraced(function* (
  records: Records.Records["Service"],
  writer: string,
  kind: TextKind,
  id: string,
  text: string,
  facts: Facts
) {
  const bytes = Buffer.byteLength(text, "utf8")
  if (bytes > textBytesMax) return yield* because(new TextTooLarge({ bytes, max: textBytesMax }))
  const known = contentOf((yield* records.get(kind.head, id))?.fields)
  const sha256 = hashOf(text)
  const head = Entity.open(kind.head)
  if (known?.sha256 === sha256) return void (yield* records.put(head, { ...facts, content: known }, id))
  const turn = ((known?.turn ?? 0) + 1) % kind.versions
  if (bytes <= inlineBytesMax) {
    return void (yield* records.put(head, { ...facts, content: { sha256, bytes, turn, text } }, id))
  }
  const slot = `${writer}${turn}`
  const pieces = piecesOf(text)
  const type = Entity.open(kind.piece)
  for (let from = 0; from < pieces.length; from += piecesPerWrite) {
    const portion = pieces.slice(from, from + piecesPerWrite)
    yield* records.putAll(
      type,
      portion.map((piece, i) => ({ id: pieceId(id, slot, from + i), value: { of: id, text: piece } }))
    )
  }
  yield* records.put(head, { ...facts, content: { sha256, bytes, turn, slot, pieces: pieces.length } }, id)
})

const pieceId = (id: string, slot: string, place: number): string => `${id}/${slot}/${place}`

/** Cut between characters. */
const piecesOf = (text: string): ReadonlyArray<string> => {
  const bytes = Buffer.from(text, "utf8")
  const pieces: Array<string> = []
  for (let from = 0; from < bytes.length;) {
    let end = Math.min(bytes.length, from + pieceBytesMax)
    while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end--
    pieces.push(bytes.toString("utf8", from, end))
    from = end
  }
  return pieces
}

const contentOf = (fields: { readonly [field: string]: unknown } | undefined): Content | undefined => {
  const content = fields?.["content"]
  return isContent(content) ? content : undefined
}

const read = Effect.fnUntraced(function* (records: Records.Records["Service"], kind: TextKind, id: string) {
  const head = yield* records.get(kind.head, id)
  const content = contentOf(head?.fields)
  if (head === undefined || content === undefined) return undefined
  const text = content.text ?? (yield* joined(records, kind, id, content))
  if (text === undefined || hashOf(text) !== content.sha256) return yield* because(new PiecesMissing({ id }))
  return { text, facts: factsOf(head.fields), sha256: content.sha256 }
})

const joined = Effect.fnUntraced(function* (
  records: Records.Records["Service"],
  kind: TextKind,
  id: string,
  { pieces = 0, slot = "" }: Content
) {
  // Another device may have written any number here.
  const places = Array.from({ length: Math.min(pieces, textBytesMax / inlineBytesMax) }, (_, i) => i)
  const views = yield* Effect.forEach(places, (place) => records.get(kind.piece, pieceId(id, slot, place)), {
    concurrency: readsMax
  })
  const texts = views.map((view) => view?.fields["text"])
  return texts.every((text) => typeof text === "string") ? texts.join("") : undefined
})

const factsOf = (fields: { readonly [field: string]: unknown }): Facts =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? [[name, value]] : []
    )
  )
