/**
 * The passphrases that seal a personal space, for commands: the lines of the file which `SYNCLINE_SPACE_PASSPHRASE_FILE` names,
 * of which the last one seals. A team's devices take their keys from its charter.
 */
import { existsSync, readFileSync } from "node:fs"
import type { SpaceId } from "@syncline/core"
import { SpacePassphrase, SqliteCharter } from "@syncline/node"
import { Config, Effect, Option, Redacted } from "effect"
import { because, UsageInvalid } from "./CliError.ts"

const variable = "SYNCLINE_SPACE_PASSPHRASE_FILE"

/** The keys of the folder's space; `undefined` where no file is named. */
export const keysOf = Effect.fnUntraced(function* (folder: string, space: SpaceId.SpaceId) {
  const file = yield* Effect.orDie(Effect.map(Config.option(Config.String(variable)), Option.getOrUndefined))
  if (file === undefined || file === "") return undefined
  if (existsSync(SqliteCharter.charterFile(folder))) {
    const problem = `${variable} is for spaces without a charter; this team is sealed by: syncline seal`
    return yield* because(new UsageInvalid({ problem }))
  }
  const text = yield* Effect.try({
    try: () => readFileSync(file, "utf8"),
    catch: (error) => because(new UsageInvalid({ problem: `${variable}: ${file} cannot be read: ${String(error)}` }))
  })
  const lines = text.split(/\r?\n/).filter((line) => line !== "")
  if (lines.length === 0) {
    return yield* because(new UsageInvalid({ problem: `${variable}: ${file} has no line with a passphrase` }))
  }
  const passphrases = lines.map((line) => Redacted.make(line, { label: "passphrase of the space" }))
  return yield* SpacePassphrase.keysOf(space, passphrases)
})
