/** The chart of the last hour. Its numbers stand beside it in words. */
import { useComputedColorScheme } from "@mantine/core"
import { useElementSize } from "@mantine/hooks"
import { useEffect, useRef } from "react"
import UPlot from "uplot"
import "uplot/dist/uPlot.min.css"
import type { Series } from "./throughput.ts"

const heightPx = 180
const inks = {
  light: { axis: "#495057", grid: "#e9ecef", in: "#0b7285", out: "#862e9c" },
  dark: { axis: "#ced4da", grid: "#3b3b3b", in: "#3bc9db", out: "#da77f2" }
}

interface Props {
  readonly series: Series
}

export const ThroughputChart = ({ series }: Props) => {
  const { ref, width } = useElementSize()
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot>(undefined)
  const ink = inks[useComputedColorScheme("light")]
  useEffect(() => {
    if (place.current === null || width === 0) return
    const axis = { stroke: ink.axis, grid: { stroke: ink.grid }, ticks: { stroke: ink.grid } }
    const made = new UPlot(
      {
        width,
        height: heightPx,
        legend: { show: false },
        cursor: { show: false },
        axes: [axis, { ...axis, size: 56 }],
        series: [
          {},
          { label: "in", stroke: ink.in, width: 2 },
          { label: "out", stroke: ink.out, width: 2, dash: [6, 4] }
        ]
      },
      [[], [], []],
      place.current
    )
    plot.current = made
    return () => {
      plot.current = undefined
      made.destroy()
    }
  }, [ink, width])
  useEffect(() => plot.current?.setData([...series]), [series, ink, width])
  return (
    <div ref={ref}>
      <div ref={place} style={{ height: heightPx }} aria-hidden />
    </div>
  )
}
