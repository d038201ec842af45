/**
 * The keys of a sealed space, for commands. Those of a personal one are made of passphrases: the lines of the file which
 * `SYNCLINE_SPACE_PASSPHRASE_FILE` names, of which the last one seals. A team's devices take theirs from its charter.
 */
import { existsSync, readFileSync } from "node:fs"
import { Charter, CharterStore, KeyOpening, KeyWrap, type SpaceId } from "@syncline/core"
import { DeviceKeyFile, NodeCrypto, SpacePassphrase, SqliteCharter } from "@syncline/node"
import { PolicyFile } from "@syncline/policy"
import { Config, Effect, Layer, Option, Redacted } from "effect"
import { because, UsageInvalid } from "./CliError.ts"
import * as FolderKey from "./FolderKey.ts"

/** Names the file with the passphrases. */
export const variable = "SYNCLINE_SPACE_PASSPHRASE_FILE"

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

/** What a command that only reads may read with; it works beside a running node, and asks for the device's key where it needs it. */
export const forReading = Effect.fnUntraced(function* (folder: string, space: SpaceId.SpaceId) {
  const records = yield* SqliteCharter.readOnly(folder)
  if (records.length === 0) return yield* keysOf(folder, space)
  return (yield* openedIn(folder, space, records))?.held
})

/** Keys that a charter hands to the folder's device and that do not open. */
export const spoiltIn = Effect.fnUntraced(function* (folder: string, space: SpaceId.SpaceId) {
  const records = yield* SqliteCharter.readOnly(folder)
  return records.length === 0 ? 0 : ((yield* openedIn(folder, space, records))?.spoilt ?? 0)
})

const openedIn = Effect.fnUntraced(function* (
  folder: string,
  space: SpaceId.SpaceId,
  records: ReadonlyArray<Uint8Array>
) {
  const charter = yield* Effect.provide(Charter.Charter, asStranger(space, records, SqliteCharter.charterFile(folder)))
  if (charter.state().seal === undefined || !existsSync(DeviceKeyFile.keyFile(folder))) return undefined
  const seed = yield* FolderKey.load(folder)
  return yield* KeyOpening.openedIn(charter, KeyWrap.openerOf(Redacted.value(seed)))
})

/** What the charter says is the same for everybody. */
const asStranger = (space: SpaceId.SpaceId, records: ReadonlyArray<Uint8Array>, path: string) =>
  Charter.layer({ space, policyProblem: PolicyFile.problemOf }).pipe(
    Layer.provide(CharterStore.CharterStore.layerMemory([...records], path)),
    Layer.provide(NodeCrypto.layer),
    Layer.provide(Layer.unwrap(Effect.map(DeviceKeyFile.draw, DeviceKeyFile.layerSeed)))
  )
