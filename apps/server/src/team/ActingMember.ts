/**
 * The one way by which the REST interface writes the charter: the hub's device signs, in the name of whoever is signed in, and only
 * what that person's member could sign itself. What the member may, the charter says.
 */
import {
  Charter,
  CharterActing,
  CharterError,
  type CharterOperation,
  type CharterState,
  type OnboardingDesk
} from "@syncline/core"
import { Effect } from "effect"
import { behalfOf, type Principal } from "../rest/Principal.ts"
import { AccountUnlinked, because, type TeamError } from "./TeamError.ts"

/** The charter as the caller may change it. A caller whose account acts as no member fails with `AccountUnlinked`. */
export const charterFor = Effect.fnUntraced(function* (
  principal: Principal | undefined
): Effect.fn.Return<Charter.CharterShape, TeamError, Charter.Charter> {
  const charter = yield* Charter.Charter
  if (principal === undefined) return yield* Effect.die("nobody writes the charter without a sign-in")
  const behalf = behalfOf(principal)
  if (principal.kind === "door") {
    return { ...charter, write: (operations, wording) => charter.write(operations, { ...wording, behalf }) }
  }
  const { member, name } = principal.account
  if (member === undefined) return yield* Effect.fail(because(new AccountUnlinked({ account: name })))
  return {
    ...charter,
    write: (operations, wording) => CharterActing.write(charter, member, operations, { ...wording, behalf })
  }
})

/** Fails where the caller could not do all of this now. Nothing is written. */
export const check = Effect.fnUntraced(function* (
  principal: Principal | undefined,
  operations: ReadonlyArray<CharterOperation.CharterOperation>
) {
  const charter = yield* charterFor(principal)
  if (principal?.kind === "door") return
  const state = charter.state()
  const problem = CharterActing.whyNot(state, principal?.account.member ?? "", operations)
  if (problem === undefined) return
  const reason = new CharterError.CharterDenied({ version: state.version, problem })
  return yield* Effect.fail(new CharterError.CharterError({ reason }))
})

/** Writes operations, all or none, and gives the charter behind them. */
export const write = (
  principal: Principal | undefined,
  operations: ReadonlyArray<CharterOperation.CharterOperation>,
  wording: Charter.Wording
): Effect.Effect<CharterState.CharterState, CharterError.CharterError | TeamError, Charter.Charter> =>
  Effect.flatMap(charterFor(principal), (charter) => charter.write(operations, wording))

/** In whose name somebody is let into the team. A caller whose account acts as no member fails with `AccountUnlinked`. */
export const behalfFor = (
  principal: Principal | undefined
): Effect.Effect<OnboardingDesk.Behalf | undefined, TeamError> => {
  if (principal === undefined || principal.kind === "door") return Effect.undefined
  const { member, name } = principal.account
  return member === undefined
    ? Effect.fail(because(new AccountUnlinked({ account: name })))
    : Effect.succeed({ name: behalfOf(principal), member })
}
