/**
 * A sync as people and programs read it: how far it is, what was proved, and what was refused. What happens is the commands' business.
 */
import type * as Connection from "./Connection.ts"
import { command } from "./Invocation.ts"
import * as Progress from "./Progress.ts"
import type { RoadLook } from "./RoadLook.ts"
import * as RoadText from "./RoadText.ts"

/** How much of the larger side the smaller one has; unknown before the first comparison. */
export const share = ({ ours, receivedEvents, sentEvents, theirs }: Connection.Headway): number | undefined => {
  const larger = Math.max(ours, theirs)
  if (larger === 0) return undefined
  return Math.min(1, (ours < theirs ? ours + receivedEvents : theirs + sentEvents) / larger)
}

export const headway = (how: Connection.Headway, hub: Connection.Hub | undefined): string => {
  if (!how.isConnected) return hub === undefined ? "looking for other devices" : `connecting to ${hub.address}`
  const { ours, receivedEvents, sentEvents, theirs } = how
  const whose = ours < theirs ? "the hub's" : "this device's"
  const larger = Math.max(ours, theirs)
  const aim = larger === 0 ? "" : `of ${whose} ${Progress.counted(larger, "record")}; `
  return `${aim}received ${Progress.count(receivedEvents)}, sent ${Progress.count(sentEvents)} events`
}

export const rejected = (commits: number, data: string): string =>
  `The hub refused ${Progress.counted(commits, "commit")} of this device, and what they wrote was taken back. ` +
  `Why: ${command(`receipts --status rejected --data ${data}`)}`

/** What a proof says, for programs. */
export const proofDocument = (
  { peer, receivedEvents, root, sentEvents }: Connection.Proof,
  records: number,
  seconds: number
) => ({ synced: true, peer, records, root, sentEvents, receivedEvents, seconds })

/** What a proof over a link says. */
export const proof = ({ receivedEvents, sentEvents }: Connection.Proof, records: number, seconds: number): string =>
  `Synced: both sides hold the same ${Progress.counted(records, "record")}; ` +
  `received ${Progress.count(receivedEvents)}, sent ${Progress.count(sentEvents)} events (${seconds.toFixed(1)} s).`

/** What is said of a device that holds the same, or left it in a mailbox. */
export const standing = ({ peer }: Connection.Proof, records: number, by: "device" | "mailbox"): string =>
  `By a ${by === "device" ? "link" : "mailbox"}: ${peer} has the same as the ${Progress.counted(records, "record")} here.`

/** What looks at mailboxes did where no hub was met. */
export const looks = (
  hub: { readonly address: string; readonly problem: string } | undefined,
  all: ReadonlyArray<RoadLook>,
  records: number
): string =>
  [
    ...(hub === undefined ? [] : [`The hub at ${hub.address} cannot be reached: ${hub.problem}.`]),
    ...all.map(RoadText.look),
    `${Progress.counted(records, "record")} here.`
  ].join("\n")
