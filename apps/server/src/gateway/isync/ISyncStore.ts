/**
 * The last packet of each of iSync's sources as entities, `isync-packet` with pieces in `isync-part`: there after a restart, and on its way to
 * other hubs. One source is written every five seconds at most; what came meanwhile is written then. How clients get packets is not known here.
 */
import { createHash } from "node:crypto"
import { type DeviceKey, type Hook, Records } from "@syncline/core"
import { Clock, Effect } from "effect"
import * as ChunkedText from "../ChunkedText.ts"
import { type GatewayError, ofStore } from "../GatewayError.ts"
import * as ISyncPacket from "./ISyncPacket.ts"
import { sourcesMax } from "./ISyncPackets.ts"

/** Between two writes of one source, in milliseconds. */
export const writeMsMin = 5_000

const kind: ChunkedText.TextKind = { head: "isync-packet", piece: "isync-part", versions: 2 }

export interface ISyncStore {
  /** Notes a packet, to be written. */
  readonly note: (packet: ISyncPacket.ISyncPacket) => void
  /** Writes what is due; with `isLast` what is noted, due or not. */
  readonly write: (isLast?: boolean) => Effect.Effect<void, GatewayError>
  /** Packets that wait to be written. */
  readonly noted: () => number
  /** The last packets, the longest heard of first. */
  readonly load: Effect.Effect<ReadonlyArray<ISyncPacket.ISyncPacket>, GatewayError>
  /** Packets that another device wrote, and that no packet noted here comes after. */
  readonly changed: (change: Hook.HookChange) => Effect.Effect<ReadonlyArray<ISyncPacket.ISyncPacket>, GatewayError>
}

export const make: Effect.Effect<ISyncStore, never, Records.Records | DeviceKey.DeviceKey> = Effect.gen(function* () {
  const records = yield* Records.Records
  const texts = yield* ChunkedText.make
  const noted = new Map<string, ISyncPacket.ISyncPacket>()
  const writtenMs = new Map<string, number>()
  const read = (id: string) => packetOf(texts, id)
  return {
    // As many as there are packets at hand: those heard longest ago make room.
    note: (packet) => {
      noted.delete(packet.source)
      noted.set(packet.source, packet)
      if (noted.size > sourcesMax) noted.delete(noted.keys().next().value!)
    },
    noted: () => noted.size,
    write: (isLast = false) => write(texts, noted, writtenMs, isLast),
    load: Effect.mapError(heads(records), ofStore).pipe(
      Effect.flatMap((ids) => Effect.forEach(ids, read, { concurrency: 4 })),
      Effect.map((packets) => packets.filter((packet) => packet !== undefined).reverse())
    ),
    changed: ({ entities }) => {
      const ids = new Set(entities.flatMap(({ id, type }) => headsOf(type, id)))
      return Effect.map(Effect.forEach([...ids], read), (packets) =>
        packets.filter((packet) => packet !== undefined).filter(({ source }) => !noted.has(source))
      )
    }
  }
})

/** Names of nodes may be anything; ids are short. */
const idOf = (source: string): string =>
  `node:${createHash("sha256").update(source, "utf8").digest("hex").slice(0, 32)}`

/** Pieces and their head may come in any order. */
const headsOf = (type: string, id: string): ReadonlyArray<string> => {
  if (type === kind.head) return [id]
  return type === kind.piece ? [id.split("/", 1)[0]!] : []
}

const heads = (records: Records.Records["Service"]) =>
  Effect.map(
    records.query({
      type: kind.head,
      where: {},
      orderBy: { field: "receivedAt", isDescending: true },
      limit: sourcesMax,
      offset: 0
    }),
    (views) => views.map(({ id }) => id)
  )

/** One that is not here as a whole comes with its other pieces. */
const packetOf = Effect.fnUntraced(function* (texts: ChunkedText.ChunkedText, id: string) {
  const held = yield* Effect.result(texts.get(kind, id))
  if (held._tag === "Success") {
    const packet = held.success === undefined ? undefined : ISyncPacket.read(held.success.text)
    return packet !== undefined && idOf(packet.source) === id ? packet : undefined
  }
  return held.failure.reason._tag === "PiecesMissing" ? undefined : yield* held.failure
})

const write = Effect.fnUntraced(function* (
  texts: ChunkedText.ChunkedText,
  noted: Map<string, ISyncPacket.ISyncPacket>,
  writtenMs: Map<string, number>,
  isLast: boolean
) {
  const nowMs = yield* Clock.currentTimeMillis
  for (const [source, ms] of writtenMs) if (nowMs - ms >= writeMsMin) writtenMs.delete(source)
  for (const [source, packet] of noted) {
    if (!isLast && writtenMs.has(source)) continue
    writtenMs.set(source, nowMs)
    const facts = { sourceNode: source, sourceType: packet.sourceType, receivedAt: nowMs }
    yield* texts.put(kind, idOf(source), packet.text, facts)
    // A newer one may have come meanwhile.
    if (noted.get(source) === packet) noted.delete(source)
  }
})
