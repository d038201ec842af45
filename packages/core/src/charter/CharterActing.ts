/**
 * Writing a charter in the name of a person who has no device here: this node's device signs, and what it signs must be what the
 * person's member could do by itself. Whether the person is who it says, decides whoever calls; what a member may, `CharterRights`.
 */
import { Effect } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import type { CharterShape, Wording } from "./CharterContract.ts"
import * as CharterError from "./CharterError.ts"
import * as CharterFold from "./CharterFold.ts"
import type { CharterOperation } from "./CharterOperation.ts"
import type { CharterState } from "./CharterState.ts"

/** How often all is judged anew where somebody else's record comes between the judgement and this one. */
export const triesMax = 5

/** Why one record may not do all of this in the member's name in this state, in words for people; `undefined` when it may. */
export const whyNot = (
  state: CharterState,
  member: string,
  operations: ReadonlyArray<CharterOperation>
): string | undefined => CharterFold.whyNotActing(state, member, operations)

/**
 * Writes a record of this device that does all of this, or none, where both the member and this device may. It is judged by the
 * charter that it then changes. Fails with `CharterDenied` where the member may not, with `CharterMoved` where the charter is not
 * the one that `wording` expects, or moved on five times meanwhile, and else as `write` of the charter does.
 */
export const write = (
  charter: Pick<CharterShape, "digest" | "state" | "write">,
  member: string,
  operations: ReadonlyArray<CharterOperation>,
  wording: Wording = {}
): Effect.Effect<CharterState, CharterError.CharterError> => {
  const once = Effect.suspend(() => {
    const state = charter.state()
    const { version } = state
    const digest = Bytes.toHex(charter.digest())
    const { expectedDigest = digest, expectedVersion = version } = wording
    if (expectedVersion !== version || expectedDigest !== digest) {
      return failed(new CharterError.CharterMoved({ expected: expectedVersion, version }))
    }
    const problem = whyNot(state, member, operations)
    return problem === undefined
      ? charter.write(operations, { ...wording, expectedVersion, expectedDigest })
      : failed(new CharterError.CharterDenied({ version, problem }))
  })
  const isFree = wording.expectedVersion === undefined && wording.expectedDigest === undefined
  return Effect.retry(once, { times: triesMax - 1, while: ({ reason }) => isFree && reason._tag === "CharterMoved" })
}

const failed = (reason: CharterError.CharterError["reason"]): Effect.Effect<never, CharterError.CharterError> =>
  Effect.fail(new CharterError.CharterError({ reason }))
