/**
 * Makes devices and hubs know each other before they meet, as `syncline init` and `syncline trust` do for people.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { ChildProcess } from "./ChildProcess.ts"
import type { FilledFolder, Workshop } from "./Workshop.ts"
import { space } from "./Workshop.ts"

/** Opens a device on an empty folder that trusts the hub. */
export const openDevice = async (
  workshop: Workshop,
  hub: FilledFolder
): Promise<{ readonly device: ChildProcess; readonly folder: string; readonly peer: string }> => {
  const device = workshop.child()
  const folder = workshop.folder("device")
  const { peer } = await device.call("openPeer", { folder, space, trusted: [hub.peer] })
  return { device, folder, peer }
}

/** Writes whom the hub trusts; it reads that when it starts. */
export const trust = (hub: Pick<FilledFolder, "folder">, peers: ReadonlyArray<string>): void =>
  writeFileSync(join(hub.folder, "trusted-peers"), peers.map((peer) => `${peer}\n`).join(""))
