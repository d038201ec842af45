/** An event in one line, and what it may be looked for by. */
import type { Told } from "../../live/LiveLine.ts"
import { countOf, shortened } from "../../elements/amounts.ts"
import { plainUpTo, valueText } from "../../elements/plainText.ts"

type Event = Told["event"]

/** The peer that an event is about, where it is about one. */
export const peerOf = (event: Event): string | undefined =>
  "peer" in event && typeof event.peer === "string" ? event.peer : undefined

const lineCharsMax = 300

/** What is told beside the name and the peer. */
export const wordsOf = (event: Event): string => {
  switch (event._tag) {
    case "EntitiesUpdated":
      return plainUpTo(
        `${countOf(event.count, "record")} of ${event.type}: ${event.ids.slice(0, 5).join(", ")}`,
        lineCharsMax
      )
    case "SyncProgress":
      return `${countOf(event.sentEvents, "event")} sent, ${countOf(event.receivedEvents, "event")} received`
    case "SyncCompleted":
      return `${countOf(event.entities, "record")} found equal`
    default: {
      const { _tag, ...rest } = event
      const parts = Object.entries(rest).filter(([name, value]) => name !== "peer" && value !== null)
      return plainUpTo(parts.map(([name, value]) => `${name} ${valueText(value, 80)}`).join(", "), lineCharsMax)
    }
  }
}

export interface Wanted {
  readonly kind?: string | undefined
  readonly peer?: string | undefined
}

/** Events of a kind, of a peer (any part of its id), or all; the newest first. */
export const wanted = (events: ReadonlyArray<Told>, { kind, peer }: Wanted): ReadonlyArray<Told> =>
  events
    .filter(
      ({ event }) =>
        (kind === undefined || event._tag === kind) && (peer === undefined || (peerOf(event) ?? "").includes(peer))
    )
    .toReversed()

export const peerWords = (event: Event): string => {
  const peer = peerOf(event)
  return peer === undefined ? "—" : shortened(peer)
}
