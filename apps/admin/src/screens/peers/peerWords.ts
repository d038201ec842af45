/** What is said of a peer: its name, its state in words for people, how it is reached. */
import type { Peer } from "../../api/peers.ts"
import { countOf, shortened } from "../../elements/amounts.ts"
import { plainUpTo } from "../../elements/plainText.ts"
import type { Tone } from "../../elements/StateBadge.tsx"

interface Standing {
  readonly tone: Tone
  readonly word: string
  /** What it means, and what to do where something is to be done. */
  readonly words: string
}

export const standings: { readonly [S in Peer["state"]]: Standing } = {
  synced: { tone: "good", word: "in sync", words: "Both sides found each other equal." },
  syncing: { tone: "busy", word: "syncing", words: "Records are on their way." },
  connecting: { tone: "busy", word: "connecting", words: "The hub dials it." },
  held: {
    tone: "warning",
    word: "held",
    words: "It is linked, and something it needs is missing: see the last error."
  },
  paused: { tone: "quiet", word: "paused", words: "Somebody paused it: nothing goes either way until it is resumed." },
  blocked: { tone: "bad", word: "refused", words: "The rules do not let it in." },
  offline: { tone: "quiet", word: "offline", words: "There is no link to it now." }
}

/** Fit to be seen. */
export const nameOf = ({ device, peer }: Pick<Peer, "device" | "peer">): string =>
  device === null || device.name === "" ? shortened(peer) : plainUpTo(device.name, 60)

const paths = { lan: "same network", direct: "direct", relayed: "by a relay" } as const

export const pathWords = ({ path, route }: Pick<Peer, "path" | "route">): string =>
  route === null ? "none" : path === null ? "linked" : paths[path]

/** What is missing on either side. */
export const behindWords = ({ pendingIn, pendingOut }: Pick<Peer, "pendingIn" | "pendingOut">): string =>
  pendingIn + pendingOut === 0
    ? "nothing"
    : `${countOf(pendingOut, "commit")} to it, ${countOf(pendingIn, "commit")} from it`
