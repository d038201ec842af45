/**
 * Data folders with many notes. Filling one takes a minute for a million, so it is done once; every further device
 * starts from a copy of the file under its own key, as if it had synced before. Nothing else in the project changes a
 * journal's owner, and no program should: here it saves fifty devices half an hour each.
 */
import { copyFileSync, existsSync } from "node:fs"
import { createNode, DataFolder } from "@syncline/node"
import { personal } from "@syncline/policy"
import Database from "better-sqlite3"
import { Note, notes, perTransaction, space } from "./Notes.ts"

const openAlone = (folder: string) =>
  createNode({
    space,
    store: folder,
    entities: { note: Note },
    policy: personal({ trusted: [] }),
    transports: []
  })

export interface FillInput {
  readonly folder: string
  readonly count: number
}

/** Fills a folder. */
export const fill = async ({ count, folder }: FillInput): Promise<void> => {
  const node = await openAlone(folder)
  for (let at = 0; at < count; at += perTransaction) {
    await node.note.putAll(notes(at, Math.min(count, at + perTransaction)))
  }
  await node.close()
}

export interface CopyInput {
  /** A folder that was filled and closed. */
  readonly from: string
  /** A folder that is not there yet. */
  readonly to: string
}

/** What tells a journal from its copies, and whose it is. */
interface Owner {
  readonly peer: string
  readonly incarnation: string
  readonly writing: string
  readonly place: string
}

/** Makes the folder of another device with the same notes and gives its peer id. */
export const copy = async ({ from, to }: CopyInput): Promise<string> => {
  const node = await openAlone(to)
  await node.close()
  const file = DataFolder.journalFile(to)
  const owner = ownerOf(file)
  for (const each of [file, DataFolder.journalFile(from)]) {
    if (existsSync(`${each}-wal`)) throw new Error(`${each} was not closed`)
  }
  copyFileSync(DataFolder.journalFile(from), file)
  const db = new Database(file)
  db.prepare("UPDATE meta SET peer = @peer, incarnation = @incarnation, writing = @writing, place = @place").run(owner)
  db.close()
  return owner.peer
}

const ownerOf = (file: string): Owner => {
  // Not for reading only: such a connection would leave its log behind.
  const db = new Database(file)
  try {
    return db.prepare("SELECT peer, incarnation, writing, place FROM meta").get() as Owner
  } finally {
    db.close()
  }
}
