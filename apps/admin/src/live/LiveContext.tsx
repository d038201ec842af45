/** Gives the pages the live line: whether it is open, and the last events. */
import { createContext, type ReactNode, useContext, useEffect, useSyncExternalStore } from "react"
import type { LineState, LiveLine, Told } from "./LiveLine.ts"

const Line = createContext<LiveLine | undefined>(undefined)

interface Props {
  readonly line: LiveLine
  readonly children: ReactNode
}

/** Opens the line as long as it is shown. */
export const LiveProvider = ({ children, line }: Props) => {
  useEffect(() => {
    line.open()
    return () => line.close()
  }, [line])
  return <Line value={line}>{children}</Line>
}

const useLine = (): LiveLine => {
  const line = useContext(Line)
  if (line === undefined) throw new Error("there is no live line here")
  return line
}

export const useLineState = (): LineState => {
  const { state, watch } = useLine()
  return useSyncExternalStore(watch, state)
}

/** The newest last. */
export const useEvents = (): ReadonlyArray<Told> => {
  const { events, watch } = useLine()
  return useSyncExternalStore(watch, events)
}
