/** Text that somebody else wrote, shown so that it does nothing and hides nothing. */
import { Code } from "@mantine/core"
import { plainUpTo, valueText } from "./plainText.ts"

interface Props {
  readonly text: string
  /** Longest text, in characters; the rest is cut. */
  readonly charsMax?: number
}

/** Isolated, so that its writing direction stays within. */
export const Inert = ({ charsMax = 120, text }: Props) => (
  <bdi className="inert">{text === "" ? <i>empty</i> : plainUpTo(text, charsMax)}</bdi>
)

interface ValueProps {
  readonly value: unknown
  readonly charsMax?: number
}

/** Any value of a record. */
export const InertValue = ({ charsMax = 200, value }: ValueProps) => (
  <Code className="inert">
    <bdi>{valueText(value, charsMax)}</bdi>
  </Code>
)
