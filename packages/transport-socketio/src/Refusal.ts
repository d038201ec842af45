/**
 * Why this transport turned a connection away or cut it off: a closed list, used as the metric's `reason` and as the
 * problem in `LinkClosed`. It holds no policy; each reason's meaning and remedy is a row in SPEC.md.
 */

export const reasons = [
  "abandoned",
  "bad-request",
  "connection-limit",
  "empty-message",
  "inbox-overflow",
  "malformed",
  "namespace",
  "origin",
  "oversize",
  "packet-order",
  "packet-type",
  "pending-limit",
  "ping-flood",
  "text-message"
] as const

export type Refusal = (typeof reasons)[number]

/** What the log and `LinkClosed` say about it. */
export const describe = (refusal: Refusal): string => `cut off: ${refusal}`
