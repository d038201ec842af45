/**
 * Whose journal a file is: the space and the device, written when the file is made and never changed, and the
 * incarnation, which tells it from its copies.
 * A journal that belongs to others is refused, because continuing it would reuse their numbers.
 */
import { statSync } from "node:fs"
import { Author, Bytes, HybridTime, type Journal, type PeerId, type SpaceId } from "@syncline/core"
import type Database from "better-sqlite3"
import * as NodeCrypto from "./NodeCrypto.ts"
import { StoreRefusal } from "./SqliteFailure.ts"

type MetaColumns = [space: SpaceId.SpaceId, peer: PeerId.PeerId, incarnation: string, writing: string, place: string]

const metaOf = (db: Database.Database): MetaColumns | undefined =>
  db.prepare("SELECT space, peer, incarnation, writing, place FROM meta").raw().get() as MetaColumns | undefined

/** The identity in the file, or `undefined` when none was written yet. */
export const read = (db: Database.Database): Journal.JournalInfo | undefined => {
  const columns = metaOf(db)
  if (columns === undefined) return undefined
  const [space, peer, incarnation, writing] = columns
  return { space, author: Author.make(peer, writing), incarnation }
}

/** Refuses a journal of another space. */
export const assertSpace = (info: Journal.JournalInfo, space: SpaceId.SpaceId): void => {
  if (info.space !== space) throw new StoreRefusal("StoreForeign", `it holds the space ${info.space}, not ${space}`)
}

/** A journal's identity, and whether it had to be renewed because the file is a copy. */
export interface Established {
  readonly info: Journal.JournalInfo
  readonly isCopy: boolean
}

const freshIncarnation = (): string => Bytes.toHex(NodeCrypto.functions.randomBytes(Author.incarnationBytes))

/**
 * The identity of a journal that this device may go on with; a new file gets one. A file that lies elsewhere than it
 * did, by its inode, was copied or restored from a backup: it gets a new incarnation before it is used, for its
 * original may have gone on, or may still run. A file moved to another disk gets one too, which harms nothing.
 */
export const establish = (
  db: Database.Database,
  file: string,
  space: SpaceId.SpaceId,
  peer: PeerId.PeerId
): Established => {
  const known = metaOf(db)
  const place = statSync(file, { bigint: true }).ino.toString()
  if (known === undefined) {
    const incarnation = freshIncarnation()
    db.prepare(
      "INSERT INTO meta (one, space, peer, incarnation, last_time, writing, place) VALUES (1, ?, ?, ?, ?, ?, ?)"
    ).run(space, peer, incarnation, HybridTime.zero, incarnation, place)
    return { info: read(db)!, isCopy: false }
  }
  assertSpace(read(db)!, space)
  const [, owner, , , knownPlace] = known
  if (owner !== peer) throw new StoreRefusal("StoreForeign", `it is the journal of the device ${owner}, not ${peer}`)
  const isCopy = knownPlace !== "" && knownPlace !== place
  if (isCopy) renew(db, place)
  else if (knownPlace === "") db.prepare("UPDATE meta SET place = ?").run(place)
  return { info: read(db)!, isCopy }
}

const renew = (db: Database.Database, place: string): void => {
  const fresh = freshIncarnation()
  db.prepare("UPDATE meta SET incarnation = ?, writing = ?, place = ?").run(fresh, fresh, place)
}

/** No inode. */
const nowhere = "copied"

/** Says in a copy that it is one, so that whoever opens it, or a copy of it, goes on as another incarnation. */
export const markCopied = (db: Database.Database): void => void db.prepare("UPDATE meta SET place = ?").run(nowhere)

/** Makes another incarnation of a copy, as which it goes on from where it lies now, and gives it. */
export const renewCopy = (db: Database.Database, file: string): string => {
  renew(db, statSync(file, { bigint: true }).ino.toString())
  return read(db)!.incarnation
}
