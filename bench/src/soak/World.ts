/**
 * What a long run needs before it begins: a hub's folder with many notes, folders of devices that have them too, and
 * the end of it all. A filled journal may be kept for the next run.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Fleet from "./Fleet.ts"
import type { DeviceOptions } from "./NoteDevice.ts"
import { SpawnedHub } from "./SpawnedHub.ts"
// @boundaries-ignore which ports are nobody's is one knowledge of all tests
import { freePort } from "../../../scripts/freePort.ts"

export interface World {
  readonly hubFolder: string
  readonly devices: ReadonlyArray<DeviceOptions>
  /** A new process of the hub, always on the same port; its memory can be looked into when that is asked for. */
  readonly startHub: (hasInspector?: boolean) => SpawnedHub
  /** Removes what is not kept. */
  readonly remove: () => void
}

export interface WorldOptions {
  readonly records: number
  readonly clients: number
  readonly folder: string | undefined
  readonly say: (line: string) => void
}

export const build = async ({ clients, folder, records, say }: WorldOptions): Promise<World> => {
  const root = mkdtempSync(join(tmpdir(), "syncline-long-"))
  const remove = (): void => rmSync(root, { recursive: true, force: true })
  try {
    const filled = await fill(folder ?? root, records, say)
    const beganMs = performance.now()
    const [hub, ...made] = await Fleet.makeFolders(filled, root, 1 + clients)
    say(`folders of a hub and ${clients} devices in ${seconds(beganMs)} s`)
    const hubFolder = hub!.folder
    writeFileSync(join(hubFolder, "trusted-peers"), made.map(({ peer }) => `${peer}\n`).join(""))
    const port = await freePort()
    const startHub = (hasInspector = false): SpawnedHub => new SpawnedHub(hubFolder, port, hasInspector)
    const address = `http://127.0.0.1:${port}`
    return {
      hubFolder,
      startHub,
      remove,
      devices: made.map((each) => ({ folder: each.folder, address, hub: hub!.peer }))
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** The folder with the notes, which only ever is copied from. The file `whole` says that it was filled to the end. */
const fill = async (folder: string, records: number, say: (line: string) => void): Promise<string> => {
  const filled = join(folder, `notes-${records}`)
  if (existsSync(join(filled, "whole"))) return filled
  rmSync(filled, { recursive: true, force: true })
  const beganMs = performance.now()
  const child = Fleet.process()
  try {
    await child.call("fill", { folder: filled, count: records })
    writeFileSync(join(filled, "whole"), "")
  } finally {
    await child.end()
  }
  say(`a journal of ${records.toLocaleString("en")} records in ${seconds(beganMs)} s`)
  return filled
}

const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(1)
