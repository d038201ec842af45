/** The one-time link of an account, by which its person chooses a password. */
import { base } from "../../api/ask.ts"
import { Ago } from "../../elements/Clock.tsx"
import { ShownOnce } from "../../elements/ShownOnce.tsx"

export interface Link {
  readonly name: string
  readonly link: string
  readonly untilMs: number
}

/** Behind `#`, which browsers send to nobody. */
const addressOf = (link: string): string => `${window.location.origin}${base}sign-in#${link}`

export const LinkShown = ({
  link: { link, name, untilMs },
  onDone
}: {
  readonly link: Link
  readonly onDone: () => void
}) => (
  <ShownOnce title={`The link for ${name}`} secret={addressOf(link)} onDone={onDone}>
    Give it to {name} on a way that you trust. It is good once, and ends <Ago atMs={untilMs} />.
  </ShownOnce>
)
