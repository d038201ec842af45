/**
 * Whose journal a file is: the space, the device and the incarnation, written when the file is made and never changed.
 * A journal that belongs to others is refused, because continuing it would reuse their numbers.
 */
import { Author, Bytes, HybridTime, type Journal, type PeerId, type SpaceId } from "@syncline/core"
import type Database from "better-sqlite3"
import * as NodeCrypto from "./NodeCrypto.ts"
import { StoreRefusal } from "./SqliteFailure.ts"

type MetaColumns = [space: SpaceId.SpaceId, peer: PeerId.PeerId, incarnation: string]

/** The identity in the file, or `undefined` when none was written yet. */
export const read = (db: Database.Database): Journal.JournalInfo | undefined => {
  const columns = db.prepare("SELECT space, peer, incarnation FROM meta").raw().get() as MetaColumns | undefined
  if (columns === undefined) return undefined
  const [space, peer, incarnation] = columns
  return { space, author: Author.make(peer, incarnation), incarnation }
}

/** Refuses a journal of another space. */
export const assertSpace = (info: Journal.JournalInfo, space: SpaceId.SpaceId): void => {
  if (info.space !== space) throw new StoreRefusal("StoreForeign", `it holds the space ${info.space}, not ${space}`)
}

/** The identity of a journal that this device may go on with; a new file gets one. */
export const establish = (db: Database.Database, space: SpaceId.SpaceId, peer: PeerId.PeerId): Journal.JournalInfo => {
  const known = read(db)
  if (known !== undefined) {
    assertSpace(known, space)
    const owner = Author.peer(known.author)
    if (owner !== peer) throw new StoreRefusal("StoreForeign", `it is the journal of the device ${owner}, not ${peer}`)
    return known
  }
  const incarnation = Bytes.toHex(NodeCrypto.functions.randomBytes(Author.incarnationBytes))
  db.prepare("INSERT INTO meta VALUES (1, ?, ?, ?, ?)").run(space, peer, incarnation, HybridTime.zero)
  return { space, author: Author.make(peer, incarnation), incarnation }
}
