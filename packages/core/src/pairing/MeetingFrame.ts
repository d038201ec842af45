/**
 * What a caller and a meeting place on a link say to each other before two sides are joined; behind `Met` every frame is
 * the other side's and nobody else's. A slot and a token that lets its holder come back: nothing of a code is in it.
 */

/** Version of these frames; a place refuses others. */
const version = 1
/** Bytes by which a holder that lost its link shows that the slot is its own. */
export const tokenBytes = 16

export type MeetingFrame =
  /** Takes a slot, or any where it is `undefined`. */
  | { readonly _tag: "Hold"; readonly slot: number | undefined; readonly token: Uint8Array }
  | { readonly _tag: "Visit"; readonly slot: number }
  /** The caller holds this slot. */
  | { readonly _tag: "Held"; readonly slot: number }
  /** The other side is there. */
  | { readonly _tag: "Met" }
  | { readonly _tag: "Refused"; readonly because: Refusal }

export const refusals = ["taken", "empty", "crowded", "busy", "malformed"] as const
export type Refusal = (typeof refusals)[number]

const tags = { Hold: 1, Visit: 2, Held: 3, Met: 4, Refused: 5 } as const
const anySlot = 0xffff

export const encode = (frame: MeetingFrame): Uint8Array => {
  const head = [version, tags[frame._tag]]
  switch (frame._tag) {
    case "Hold":
      return Uint8Array.of(...head, ...slotBytes(frame.slot ?? anySlot), ...frame.token)
    case "Visit":
    case "Held":
      return Uint8Array.of(...head, ...slotBytes(frame.slot))
    case "Met":
      return Uint8Array.from(head)
    case "Refused":
      return Uint8Array.of(...head, refusals.indexOf(frame.because))
  }
}

const slotBytes = (slot: number): [number, number] => [slot >> 8, slot & 0xff]

/** `undefined` for whatever is no frame of this version. */
export const decode = (bytes: Uint8Array): MeetingFrame | undefined => {
  const [given, tag, high, low] = bytes
  if (given !== version) return undefined
  const slot = ((high ?? 0) << 8) | (low ?? 0)
  const has = (length: number): boolean => bytes.length === 2 + length
  if (tag === tags.Met && has(0)) return { _tag: "Met" }
  if (tag === tags.Refused && has(1) && refusals[high!] !== undefined)
    return { _tag: "Refused", because: refusals[high!]! }
  if (tag === tags.Hold && has(2 + tokenBytes)) {
    return { _tag: "Hold", slot: slot === anySlot ? undefined : slot, token: bytes.slice(4) }
  }
  if (tag === tags.Visit && has(2)) return { _tag: "Visit", slot }
  if (tag === tags.Held && has(2)) return { _tag: "Held", slot }
  return undefined
}
