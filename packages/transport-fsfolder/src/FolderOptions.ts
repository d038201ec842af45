/**
 * What can be set on the mailbox, with units, bounds and defaults. Whether the folder is fit is asked when it is opened;
 * bounds of the contract itself (largest file, names) belong to core.
 */
import { isAbsolute, resolve } from "node:path"

export interface FolderOptions {
  /**
   * The folder that a cloud program copies, as an absolute path; one of its own inside the program's folder is best, e.g.
   * `/home/eva/Dropbox/Syncline`. It must be there. All devices of a space use the same folder.
   */
  readonly path: string
  /** The node's data folder, absolute: opening fails when one of the two lies inside the other. */
  readonly dataFolder?: string
  /** Whether to listen for changes; default true. Without it the mailbox is looked at every `pollEveryMs`. */
  readonly watch?: boolean
  /** How often to look, in milliseconds, 1,000 to 3,600,000; default 30,000. */
  readonly pollEveryMs?: number
  /** How long one file may take to be read, in milliseconds, 100 to 600,000; default 5,000. */
  readonly readMsMax?: number
}

export interface FolderSettings {
  readonly path: string
  readonly dataFolder: string | undefined
  readonly watch: boolean
  readonly pollEveryMs: number
  readonly readMsMax: number
}

/** Fills in the defaults. A value out of bounds is a mistake in the program and throws while the node is composed. */
export const settings = (options: FolderOptions): FolderSettings => ({
  path: absolute("path", options.path),
  dataFolder: options.dataFolder === undefined ? undefined : absolute("dataFolder", options.dataFolder),
  watch: options.watch ?? true,
  pollEveryMs: within("pollEveryMs", options.pollEveryMs ?? 30_000, 1_000, 3_600_000),
  readMsMax: within("readMsMax", options.readMsMax ?? 5_000, 100, 600_000)
})

const absolute = (name: string, path: string): string => {
  if (!isAbsolute(path) || path.includes("\0")) {
    throw new RangeError(`${name} is ${JSON.stringify(path)}; give the whole path, from the root or drive on`)
  }
  return resolve(path)
}

const within = (name: string, value: number, min: number, max: number): number => {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} is ${value}, not a whole number from ${min} to ${max}`)
  }
  return value
}
