/** Pairing as a hub's REST interface tells it: codes to show, devices that ask, and what came of them. */
import { Schema } from "effect"
import * as PeerId from "../identity/PeerId.ts"

/** What a code is to grant. */
export const NewCode = Schema.Struct({
  /** Role of a new member, `member` by itself; one that manages must be named. */
  role: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(64))),
  /** The member whose further device it will be; a new one by itself. */
  member: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(64)))
})

/** Shown once, and to nobody else. */
export const Code = Schema.Struct({
  /** Twelve digits in fours. */
  digits: Schema.String,
  words: Schema.String,
  link: Schema.String,
  /** Unix milliseconds. */
  expiresMs: Schema.Int
}).annotate({ identifier: "PairingCode" })

/** A device that knows the code and asks to join. */
export const Join = Schema.Struct({
  id: Schema.String,
  peer: PeerId.PeerId,
  /** Any text of 1 to 64 characters: whatever somebody typed there. */
  name: Schema.String,
  platform: Schema.String,
  /** Four digits that its screen must show, too. */
  checkNumber: Schema.String,
  /** `null` where there are no roles. */
  role: Schema.NullOr(Schema.String),
  askedMs: Schema.Int,
  untilMs: Schema.Int,
  answer: Schema.Literals(["waiting", "accepted", "declined"]),
  outcome: Schema.Literals(["waiting", "granted", "paired", "unkept", "failed"])
}).annotate({ identifier: "PairingRequest" })

/** The code that is good now, without its secret, and who waits for an answer. */
export const Pairing = Schema.Struct({
  code: Schema.NullOr(
    Schema.Struct({ expiresMs: Schema.Int, role: Schema.NullOr(Schema.String), member: Schema.NullOr(Schema.String) })
  ),
  pending: Schema.Array(Join)
})

export const OfRequest = Schema.Struct({ id: Schema.String.check(Schema.isMaxLength(32)) })
/** Another role than that of the code. */
export const Acceptance = Schema.Struct({ role: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(64))) })
