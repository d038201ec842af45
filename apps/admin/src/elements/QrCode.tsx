/** A text as a QR code: drawn as one path, so that nothing of the text becomes markup. */
import { encode } from "uqr"
import { useMemo } from "react"

interface Props {
  readonly text: string
  readonly label: string
  readonly px?: number
}

/** Empty rows around it, which readers of codes need. */
const border = 2

export const QrCode = ({ label, px = 200, text }: Props) => {
  const { path, size } = useMemo(() => {
    const { data, size: modules } = encode(text, { border })
    const cells = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
    return { path: cells.join(""), size: modules }
  }, [text])
  return (
    <svg
      role="img"
      aria-label={label}
      width={px}
      height={px}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
