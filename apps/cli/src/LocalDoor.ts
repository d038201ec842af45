/**
 * Asks the hub that runs on this machine, through its local door: `<folder>/local-door.json` says where it is and
 * which token opens it, and only the hub's own user can read it. What is asked and what the answers mean is the commands'.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Result, Schema } from "effect"
import { because, type CliError } from "./CliError.ts"
import { DoorClosed } from "./HubAnswerError.ts"
import * as HubClient from "./HubClient.ts"

const Door = Schema.fromJsonString(
  Schema.Struct({
    url: Schema.String,
    token: Schema.String,
    /** Under which address others call the hub; older ones do not say it. */
    hub: Schema.optionalKey(Schema.String)
  })
)
/** How a hub without a team answers what is a team's. */
const teamless = ["TeamMissing", "PathUnknown"]

/** The hub's answer, or why there is none: `DoorClosed`, `NotConnected`, `HubRefused`. */
export const ask = Effect.fnUntraced(function* <A, I>(
  folder: string,
  question: HubClient.Question<A, I>
): Effect.fn.Return<A, CliError> {
  const closed = (problem: string): CliError => because(new DoorClosed({ folder, problem }))
  const door = yield* doorOf(folder)
  const answer = yield* HubClient.exchange(door, question, (code) =>
    code === "ECONNREFUSED" ? closed(`nobody listens at ${door.url}`) : undefined
  )
  if (Result.isSuccess(answer)) return answer.success
  const { code = "", status } = answer.failure
  // A hub that was killed leaves its file, and its port may be another's by now.
  if (status === 401) return yield* closed("what answers there has another token")
  if (teamless.includes(code)) {
    return yield* closed("the hub that runs there has no team (SYNCLINE_POLICY=enterprise gives it one)")
  }
  return yield* HubClient.refused(answer.failure)
})

type Door = typeof Door.Type

/** Under which address others call the team's hub that runs on the folder. */
export const urlOf = (folder: string): Effect.Effect<string, CliError> =>
  Effect.map(doorOf(folder), ({ hub, url }) => hub ?? url)

/** Where the hub is that runs on the folder, and its token. Fails with `DoorClosed`. */
export const placeOf = (folder: string): Effect.Effect<HubClient.Place, CliError> => doorOf(folder)

const doorOf = (folder: string): Effect.Effect<Door, CliError> =>
  Effect.suspend(() => {
    const closed = (problem: string) => Effect.fail(because(new DoorClosed({ folder, problem })))
    let text: string
    try {
      text = readFileSync(join(folder, "local-door.json"), "utf8")
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return closed(code === "ENOENT" ? "there is no local-door.json" : message)
    }
    const door = Schema.decodeUnknownResult(Door)(text)
    return Result.isSuccess(door) ? Effect.succeed(door.success) : closed("its local-door.json cannot be read")
  })
