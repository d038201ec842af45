/** The state of something as a coloured word: the word alone says it, the colour only finds it. */
import { Badge } from "@mantine/core"

export type Tone = "good" | "busy" | "warning" | "bad" | "quiet"

// Shades whose white text has the contrast of WCAG AA, in light and dark.
const colours: { readonly [T in Tone]: string } = {
  good: "teal.9",
  busy: "blue.9",
  warning: "#9c4a00",
  bad: "red.9",
  quiet: "gray.7"
}

export const StateBadge = ({ tone, word }: { readonly tone: Tone; readonly word: string }) => (
  <Badge color={colours[tone]} variant="filled" tt="none" fw={500}>
    {word}
  </Badge>
)
