/** The time as the pages show it: it moves every ten seconds, for all of them at once. */
import { Tooltip } from "@mantine/core"
import { useSyncExternalStore } from "react"
import { hubNowMs } from "../api/hubClock.ts"
import { ago, exactly } from "./amounts.ts"
import { shownTime, tickMs, watchTime } from "./ticking.ts"

/** Unix milliseconds, true to ten seconds. */
export const useNow = (): number => useSyncExternalStore(watchTime, shownTime)

interface Props {
  /** Unix milliseconds; `null` where it never was. */
  readonly atMs: number | null | undefined
  readonly never?: string
}

/** "3 minutes ago", with the exact time for whoever points at it. */
export const Ago = ({ atMs, never = "never" }: Props) => {
  const now = useNow()
  if (atMs === null || atMs === undefined) return <span>{never}</span>
  // What has just come is not shown as of the future because the tick is old.
  const shown = Math.abs(atMs - now) < tickMs ? hubNowMs() : now
  return (
    <Tooltip label={exactly(atMs)} events={{ hover: true, focus: true, touch: true }}>
      <time dateTime={new Date(atMs).toISOString()} tabIndex={0}>
        {ago(atMs, shown)}
      </time>
    </Tooltip>
  )
}
