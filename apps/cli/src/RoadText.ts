/**
 * Roads as people read them: what one look did, and that another road was taken.
 */
import type { SyncEvent } from "@syncline/core"
import * as Progress from "./Progress.ts"
import type { RoadLook } from "./RoadLook.ts"

/** What one look at a mailbox did. */
export const look = ({ address, devices, equal, events, left, name, problem, read }: RoadLook): string => {
  if (problem !== null) return failed(name, address, problem)
  const did = `left ${Progress.counted(left, "file")}, read ${Progress.count(read)} with ${Progress.counted(events, "new event")}`
  return `In ${address}: ${did}; ${others(devices, equal)}.`
}

/** Why a mailbox could not be used. */
export const failed = (name: string, address: string, problem: string): string =>
  `${address} could not be used: ${problem.replace(`${name}: `, "")}.`

/** How those stand that have left something in a mailbox. */
export const others = (devices: number, equal: number): string =>
  devices === 0
    ? "no other device has left anything there for this one yet"
    : `${Progress.count(equal)} of ${Progress.counted(devices, "device")} there ${equal === 1 ? "has" : "have"} the same`

/** Which road is taken from now on, and why. */
export const changed = ({
  because,
  from,
  to
}: Pick<typeof SyncEvent.RouteChanged.Type, "from" | "to" | "because">): string =>
  to === null ? `Links again, not ${from ?? "a mailbox"}: ${because}.` : `By ${to} from now on: ${because}.`
