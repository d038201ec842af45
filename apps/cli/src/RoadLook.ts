/**
 * What became of one look at a mailbox: what this device left there and read, and who of the others has the same. The engine looks;
 * this only waits for it and counts.
 */
import { Clock, Effect } from "effect"
import { Orchestrator, type Status } from "@syncline/core"
import type { Road } from "./Roads.ts"

export interface RoadLook {
  readonly name: string
  readonly address: string
  /** When it was last looked into, in milliseconds since 1970. */
  readonly lookedAtMs: number | null
  /** Files that this device left there, and files of others that it read. */
  readonly left: number
  readonly read: number
  /** New events in what was read. */
  readonly events: number
  /** Other devices that have left something there for this one, and how many of them have the same as it. */
  readonly devices: number
  readonly equal: number
  /** Why the last look failed. */
  readonly problem: string | null
}

/** Between two questions whether it was looked, in milliseconds. */
const askMs = 25

export interface WaitOptions {
  /** Looks that ended before this count for nothing, in milliseconds since 1970. */
  readonly sinceMs: number
  /** How long nothing may move on any road. */
  readonly silenceMsMax: number
}

/** Waits until each road was looked into, or has failed; for those that do not end, until nothing moves any more. */
export const settled = Effect.fnUntraced(function* (
  roads: ReadonlyArray<Road>,
  { silenceMsMax, sinceMs }: WaitOptions
): Effect.fn.Return<ReadonlyArray<RoadLook>, Effect.Error<Status>, Orchestrator.Orchestrator> {
  const orchestrator = yield* Orchestrator.Orchestrator
  let moved = { files: -1, atMs: 0 }
  for (;;) {
    const looks = of(yield* orchestrator.status, roads)
    const open = looks.filter(
      ({ lookedAtMs, problem }) => problem === null && (lookedAtMs === null || lookedAtMs < sinceMs)
    )
    if (open.length === 0) return looks
    const files = looks.reduce((sum, { left, read }) => sum + left + read, 0)
    const nowMs = yield* Clock.currentTimeMillis
    if (files !== moved.files) moved = { files, atMs: nowMs }
    if (nowMs - moved.atMs >= silenceMsMax) {
      const problem = `nothing moved for ${silenceMsMax / 1000} s`
      return looks.map((look) => (open.includes(look) ? { ...look, problem } : look))
    }
    yield* Effect.sleep(askMs)
  }
})

type Status = Orchestrator.Orchestrator["Service"]["status"]

/** How the roads stand now. */
export const of = ({ mailboxes, peers }: Status.Status, roads: ReadonlyArray<Road>): ReadonlyArray<RoadLook> =>
  roads.flatMap(({ mailbox, traffic }) => {
    const { address, name } = mailbox
    const found = mailboxes.find((one) => one.name === name && one.address === address)
    if (found === undefined) return []
    const events = peers.reduce((sum, { receivedEvents, route }) => sum + (route === address ? receivedEvents : 0), 0)
    return [
      {
        name,
        address,
        lookedAtMs: found.lookedAtMs ?? null,
        left: traffic.left,
        read: traffic.read,
        events,
        devices: found.devices,
        equal: found.equal,
        problem: found.attempts === 0 ? null : (found.lastError ?? "it was not looked into yet")
      }
    ]
  })
