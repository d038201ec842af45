/**
 * The joining side of a pairing: by a code that a person brought, once. It never tries a code again by itself, as each run
 * gives a stranger who pretends to invite one more guess; and it keeps nothing before the inviter's person approved.
 */
import { Effect } from "effect"
import { Crypto, type Signer } from "../crypto/Crypto.ts"
import type { MeetingError } from "./MeetingError.ts"
import type { PairingCode } from "./PairingCode.ts"
import { because, PairingCodeInvalid, type PairingError } from "./PairingError.ts"
import type { PairingMeeting } from "./PairingMeeting.ts"
import * as PairingRun from "./PairingRun.ts"
import { type PairingPeer, PairingSession } from "./PairingSession.ts"

export interface JoinOptions<E> {
  readonly signer: Signer
  /** As its person calls this device, 1 to 64 characters. */
  readonly name: string
  readonly platform: string
  /** Shows the inviter and the number; a failure says no to this inviter, and ends the run. */
  readonly show: (peer: PairingPeer, checkNumber: string) => Effect.Effect<void, E>
  /** Keeps what was granted, durably; the inviter hears that it is done once it resolves. */
  readonly keep: (peer: PairingPeer, grant: Uint8Array) => Effect.Effect<void, E>
}

/**
 * Goes to the code's slot and pairs; gives the inviter. Fails as the roads and the run do, and with `PairingCodeInvalid` before
 * anything is sent where the code is for another kind of road.
 */
export const joinWith = Effect.fnUntraced(function* <E>(
  code: PairingCode,
  meeting: PairingMeeting,
  { keep, name, platform, show, signer }: JoinOptions<E>
): Effect.fn.Return<PairingPeer, E | PairingError | MeetingError, Crypto> {
  const crypto = yield* Crypto
  yield* checkRoad(code, meeting)
  const run = Effect.gen(function* () {
    const path = yield* meeting.visit(code.slot)
    const { actions, session } = PairingSession.join(crypto, { signer, name, platform, space: null }, code)
    const nobody = Effect.succeed(undefined)
    return yield* PairingRun.drive(
      session,
      path,
      { count: () => Effect.succeed(false), decide: nobody, show, keep },
      actions
    )
  })
  return yield* Effect.scoped(run)
})

/** The wrong kind of code would use up an attempt of the right one. */
const checkRoad = ({ slot }: PairingCode, { isDirect, name }: PairingMeeting): Effect.Effect<void, PairingError> => {
  if ((slot === undefined) === isDirect) return Effect.void
  const problem = isDirect
    ? `it is for devices that meet at a hub, and this one meets another directly, by ${name}; that takes six digits`
    : `its six digits are for devices that meet directly, and this one goes to ${name}; that takes twelve digits, words or a link`
  return because(new PairingCodeInvalid({ problem }))
}
