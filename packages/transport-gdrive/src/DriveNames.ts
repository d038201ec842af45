/**
 * How a mailbox's files are written down on Drive: in `appProperties`, which only this OAuth client sees, beside a name that is
 * for people. Drive allows the same name many times, so a name alone says nothing.
 */
import { MailboxName } from "@syncline/core"
import type { DriveFile } from "./DriveApi.ts"

/** Name of the folder, for people; it may be changed. */
export const folderName = "Syncline"
const mark = "syncline"
const folderMark = "mailbox-1"
const fileMark = "file-1"

export const folderProperties: Readonly<Record<string, string>> = { [mark]: folderMark }

/** A key and its value have at most 124 bytes of UTF-8 together; ours have at most 65. */
export const fileProperties = (space: string, owner: string, name: string): Readonly<Record<string, string>> => ({
  [mark]: fileMark,
  s: space,
  o: owner,
  n: name
})

/** A file of a mailbox. */
export interface Stored {
  readonly id: string
  readonly owner: string
  readonly name: string
  readonly bytes: number
  /** MD5 in hex; absent where Drive says none. */
  readonly md5: string | undefined
}

/** What a file is in the mailbox of a space; nothing for one that is none of ours, or in the bin. */
export const stored = (file: DriveFile, space: string): Stored | undefined => {
  const properties = file.appProperties ?? {}
  const { n: name, o: owner, s } = properties
  if (file.trashed === true || properties[mark] !== fileMark || s !== space) return undefined
  if (typeof owner !== "string" || !MailboxName.isTag(owner)) return undefined
  if (typeof name !== "string" || MailboxName.parse(name) === undefined) return undefined
  const bytes = Number(file.size ?? Number.NaN)
  if (!Number.isSafeInteger(bytes) || bytes < 0) return undefined
  return { id: file.id, owner, name, bytes, md5: file.md5Checksum ?? undefined }
}

export const isFolderOfOurs = ({ appProperties, trashed }: DriveFile): boolean =>
  trashed !== true && appProperties?.[mark] === folderMark

/** All folders of ours. */
export const foldersQuery = `trashed = false and ${has(mark, folderMark)}`
/** All files of a space in a folder. By folder, because Drive's search by name lags more. */
export const filesQuery = (folder: string, space: string): string =>
  `'${folder}' in parents and trashed = false and ${has("s", space)}`
/** All files of one name. */
export const nameQuery = (space: string, owner: string, name: string): string =>
  `trashed = false and ${has("s", space)} and ${has("o", owner)} and ${has("n", name)}`

// Keys and values are ours or checked: letters, digits, dash and dot. None needs a quote escaped.
function has(key: string, value: string): string {
  return `appProperties has { key='${key}' and value='${value}' }`
}
