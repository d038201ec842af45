/**
 * How the hub stands, in one sentence and a light. It says that nothing is missing only where a comparison has proven it, and names what it does not
 * know. It asks nobody: what is true is handed to it.
 */
import type { SpaceKeys, Status } from "@syncline/core"
import type { AdminStatus } from "@syncline/core/admin"

export interface HealthFacts {
  readonly status: Status.Status
  readonly seal: SpaceKeys.SealStatus["state"]
  /** Why nobody is given anything, where that is so. */
  readonly closed: string | undefined
}

export interface Health {
  readonly light: AdminStatus.Light
  readonly sentence: string
}

type State = Status.PeerStatus["state"]

export const of = ({ closed, seal, status }: HealthFacts): Health => {
  if (!status.isStarted)
    return { light: "red", sentence: "Stopped: no device gets a link until the hub is started again." }
  if (closed !== undefined) return { light: "red", sentence: `Closed: nobody is given anything, because ${closed}.` }
  if (seal === "waiting") {
    return {
      light: "red",
      sentence: "The space is sealed and the hub waits for its key, so nothing can be written here."
    }
  }
  const waiting = Object.values(status.quarantine).reduce((sum, count) => sum + count, 0)
  const parts = [...peersOf(status), ...(waiting === 0 ? [] : [`${countOf(waiting, "change")} in quarantine`])]
  const isProven =
    status.peers.some(({ state }) => state === "synced") && status.peers.every(({ state }) => isFine(state))
  return { light: isProven && waiting === 0 ? "green" : "yellow", sentence: `${firstLarge(parts.join("; "))}.` }
}

/** Who is kept out by somebody's decision lacks nothing that it should have. */
const isFine = (state: State): boolean => state === "synced" || state === "paused" || state === "blocked"

const peersOf = ({ peers }: Status.Status): ReadonlyArray<string> => {
  const count = (...states: ReadonlyArray<State>) => peers.filter(({ state }) => states.includes(state)).length
  const [proven, moving, held, away] = [
    count("synced"),
    count("syncing", "connecting"),
    count("held"),
    count("offline")
  ]
  if (peers.length === 0) return ["no device has come since the start, so nobody is known to have what is here"]
  return [
    ...(proven === 0 ? [] : [`proven equal with ${countOf(proven, "device")}`]),
    ...(moving === 0 ? [] : [`${countOf(moving, "device")} coming into step`]),
    ...(held === 0 ? [] : [`with ${countOf(held, "device")} some changes wait`]),
    ...(away === 0 ? [] : [`${countOf(away, "device")} away, which may lack changes or have some that are not here`]),
    ...(count("paused", "blocked") === 0 ? [] : [`${countOf(count("paused", "blocked"), "device")} kept out`])
  ]
}

const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

const firstLarge = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
