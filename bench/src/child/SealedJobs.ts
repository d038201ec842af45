/**
 * How fast a device takes in what others wrote, in the clear and sealed: the author's signature verified, contents opened,
 * records kept in a SQLite journal with full durability; without any network. And how long a new key for a large space takes.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  Commit,
  DeleteWatch,
  type EntityChange,
  type Journal,
  KeyWrap,
  type KeyRing,
  Limits,
  type PeerId,
  SpaceId,
  SpaceKey
} from "@syncline/core"
import { DeviceKeyFile, NodeCrypto, SqliteJournal } from "@syncline/node"
import { Effect, Redacted, type Scope } from "effect"
import * as Cities from "../Cities.ts"
import { timed } from "./Timing.ts"

const { functions: crypto } = NodeCrypto
const space = SpaceId.fromName(crypto.sha256, "bench sealed")
const key = SpaceKey.of(space, crypto.randomBytes(SpaceKey.spaceKeyBytes))
const held: KeyRing.HeldKeys = { keys: [key.secret], sealing: key.id }

export interface IngestInput {
  readonly records: number
  /** Records that are taken in before, while a new process is still compiling what it runs. */
  readonly before: number
  readonly perCommit: number
  readonly isSealed: boolean
}

const journalOf = (
  folder: string,
  device: number,
  isSealed: boolean
): Effect.Effect<Journal.JournalShape, unknown, Scope.Scope> =>
  SqliteJournal.make({ folder, space, held: isSealed ? held : undefined }).pipe(
    Effect.provide(DeviceKeyFile.layerSeed(Redacted.make(new Uint8Array(32).fill(device))))
  )

const changeOf = ({ id, ...fields }: Cities.CityRecord): EntityChange.EntityChange => ({
  partition: { type: "city", header: {} },
  id,
  change: { kind: "put", lww: fields as never, counters: {}, sets: {} }
})

/** Commits of one batch, about what a session hands over. */
const commitsPerBatch = 64

const takeIn = Effect.fnUntraced(function* (
  journal: Journal.JournalShape,
  from: Journal.JournalInfo & { readonly peer: PeerId.PeerId },
  commits: ReadonlyArray<Uint8Array>
) {
  for (let at = 0; at < commits.length; at += commitsPerBatch) {
    const batch = commits.slice(at, at + commitsPerBatch)
    for (const bytes of batch) {
      const packed = Commit.open(bytes)
      if (typeof packed === "string" || !Commit.isSignedByAuthor(crypto, packed))
        throw new Error("a commit is not signed")
    }
    yield* journal.receive({
      peer: from.peer,
      incarnation: from.incarnation,
      isCustodian: false,
      feed: undefined,
      commits: batch,
      denials: [],
      aheadMsMax: Limits.clockAheadPeerMs,
      deleteLimits: DeleteWatch.defaultDeleteLimits
    })
  }
})

const ingested = Effect.fnUntraced(function* (folder: string, { before, isSealed, perCommit, records }: IngestInput) {
  const author = yield* journalOf(join(folder, "author"), 1, isSealed)
  const all = Cities.first(before + records)
  for (let at = 0; at < all.length; at += perCommit) yield* author.write(all.slice(at, at + perCommit).map(changeOf))
  const { commits } = yield* author.feed(0, "nobody" as PeerId.PeerId, Number.MAX_SAFE_INTEGER)
  const peer = DeviceKeyFile.deviceKey(Redacted.make(new Uint8Array(32).fill(1))).peer
  const reader = yield* journalOf(join(folder, "reader"), 2, isSealed)
  const bytes = commits.map((commit) => commit.bytes)
  const take = (part: ReadonlyArray<Uint8Array>) =>
    Effect.promise(() => timed(() => Effect.runPromise(takeIn(reader, { ...author.info, peer }, part))))
  const first = yield* take(bytes.slice(0, before / perCommit))
  const times = yield* take(bytes.slice(before / perCommit))
  const locked = yield* reader.lockedCount
  if (locked > 0 || (yield* reader.count("city")) !== all.length) throw new Error("not all of it can be read")
  return {
    ...times,
    cpuSecondsBefore: first.cpuSeconds,
    records,
    bytes: bytes.reduce((sum, each) => sum + each.length, 0)
  }
})

/** Seconds, and processor seconds of all threads, once the process runs as it then goes on. */
export const ingest = async (input: IngestInput) => {
  const folder = mkdtempSync(join(tmpdir(), "syncline-bench-sealed-"))
  try {
    return await Effect.runPromise(Effect.scoped(ingested(folder, input)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A new key, drawn and wrapped for so many devices: seconds and bytes of the wraps. */
export const rotate = async ({ devices }: { readonly devices: number }) => {
  const keys = Array.from({ length: devices }, () => NodeCrypto.signerOf(crypto.randomBytes(32)).publicKey)
  const drawn = SpaceKey.draw(crypto, space)
  let bytes = 0
  const times = await timed(async () => {
    bytes = (await Effect.runPromise(KeyWrap.wrap(drawn, keys))).length
  })
  return { ...times, bytes }
}
