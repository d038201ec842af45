/**
 * How a device met others last, as `status` tells it: the link to its hub, its mailboxes, and when another road was taken. What was
 * seen is `RoadMemory`'s; what is kept now decides which of it still counts.
 */
import type { RoadMemory } from "@syncline/node"
import * as DeviceFile from "./DeviceFile.ts"
import * as PointInTime from "./PointInTime.ts"
import * as RoadText from "./RoadText.ts"

type Memory = RoadMemory.Memory

interface Roads extends Omit<Memory, "mailboxes" | "peers"> {
  readonly peers: NonNullable<Memory["peers"]>
  readonly mailboxes: ReadonlyArray<{ readonly address: string; readonly seen: Memory["mailboxes"][number] | null }>
}

/** What was seen of the ways that the device has now; of an application's folder, whose ways nobody else knows, all that was seen. */
export const roads = (
  device: Pick<DeviceFile.Device, "hub" | "mailboxes"> | undefined,
  { atMs, changes, link, mailboxes, peers = [] }: Memory
): Roads => ({
  atMs,
  link: device === undefined || link?.address === device.hub?.address ? link : null,
  mailboxes:
    device === undefined
      ? mailboxes.map((seen) => ({ address: seen.address, seen }))
      : (device.mailboxes ?? []).map(DeviceFile.addressOf).map((address) => ({
          address,
          seen: mailboxes.find((one) => one.address === address) ?? null
        })),
  changes,
  peers
})

/** Changes of the road that are shown. */
const changesShown = 3

export const roadLines = (
  { atMs, changes, link, mailboxes, peers }: Roads,
  isHubKnown: boolean
): ReadonlyArray<readonly [string, string]> => [
  ...(link === null || atMs === null
    ? []
    : [["Link", `${isHubKnown ? "" : `${link.address}, `}${linkText(link, atMs)}`] as const]),
  ...(atMs === null ? [] : peers.map((one) => ["Linked", `${one.peer}, ${peerText(one, atMs)}`] as const)),
  ...mailboxes.map(({ address, seen }) => ["Road", `${address}, ${mailboxText(seen)}`] as const),
  ...changes
    .slice(-changesShown)
    .map((change) => ["Changed", `${PointInTime.printMs(change.atMs)}: ${RoadText.changed(change)}`] as const)
]

const linkText = ({ isConnected, problem, provenAtMs }: NonNullable<Memory["link"]>, atMs: number): string => {
  const proven = provenAtMs === null ? "never in step yet" : `in step at ${PointInTime.printMs(provenAtMs)}`
  if (isConnected) return proven
  return `not there at ${PointInTime.printMs(atMs)}${problem === null ? "" : ` (${problem})`}; ${proven}`
}

const pathTexts = { direct: "direct", lan: "LAN", relayed: "relayed" } as const

const peerText = ({ path, provenAtMs }: Roads["peers"][number], atMs: number): string => {
  const proven = provenAtMs === null ? "never in step yet" : `in step at ${PointInTime.printMs(provenAtMs)}`
  return `${pathTexts[path]} at ${PointInTime.printMs(atMs)}; ${proven}`
}

const mailboxText = (seen: Memory["mailboxes"][number] | null): string => {
  if (seen === null) return "not looked into yet"
  const { because, devices, equal, lookedAtMs, name, problem, state } = seen
  const looked = lookedAtMs === null ? "not looked into yet" : `looked into at ${PointInTime.printMs(lookedAtMs)}`
  const failed = problem === null ? "" : `, last not used: ${problem.replace(`${name}: `, "")}`
  const use = state === "active" ? `in use because ${because}; ` : ""
  return `${use}${looked}${failed}${lookedAtMs === null ? "" : `; ${RoadText.others(devices, equal)}`}`
}
