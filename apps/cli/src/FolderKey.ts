/**
 * The key of a data folder for commands: where it is under a passphrase, that comes from the file which
 * SYNCLINE_PASSPHRASE_FILE names, or is typed at the terminal, once for each run. It makes and changes no key by itself.
 */
import { readFileSync } from "node:fs"
import { DeviceKeyFile } from "@syncline/node"
import { Config, Effect, Layer, Option, Redacted } from "effect"
import { Prompt } from "effect/cli"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { because, UsageInvalid } from "./CliError.ts"
import { writeError } from "./Output.ts"
import { StandardStreams, type Streams } from "./StandardStreams.ts"

type Passphrase = Redacted.Redacted<string>

/** What was typed in a run, by key file. */
const typed = new WeakMap<Streams, Map<string, Passphrase>>()

/** Reads the folder's key, or makes one when there is none. */
export const load = (folder: string) => withPassphrase(DeviceKeyFile.load(folder))

/** The same as core's DeviceKey and the node's DeviceSeed. */
export const layer = (folder: string) => Layer.unwrap(Effect.map(load(folder), DeviceKeyFile.layerSeed))

/** Runs an effect that reads or changes the folder's key. */
export const withPassphrase = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(StandardStreams, (streams) =>
    Effect.provideService(effect, DeviceKeyFile.KeyPassphrase, (path) =>
      Effect.provideService(passphraseOf(path), StandardStreams, streams)
    )
  )

const passphraseOf = Effect.fnUntraced(function* (path: string) {
  const file = yield* Effect.orDie(
    Effect.map(Config.option(Config.String("SYNCLINE_PASSPHRASE_FILE")), Option.getOrUndefined)
  )
  if (file !== undefined && file !== "") {
    const told = Effect.tapError(fromFile(file), ({ message }) => writeError(`SYNCLINE_PASSPHRASE_FILE: ${message}\n`))
    return yield* Effect.orElseSucceed(told, () => undefined)
  }
  const streams = yield* StandardStreams
  if (!isAtTerminal(streams)) return undefined
  const known = typed.get(streams) ?? new Map<string, Passphrase>()
  typed.set(streams, known)
  const passphrase = known.get(path) ?? (yield* hidden(`Passphrase of ${path}`))
  if (passphrase !== undefined) known.set(path, passphrase)
  return passphrase
})

const isAtTerminal = ({ stderr, stdin }: Streams): boolean => stdin.isTTY === true && stderr.isTTY === true

/** The first line of a file. */
export const fromFile = (path: string) =>
  Effect.try({
    try: () => Redacted.make(readFileSync(path, "utf8").split(/\r?\n/, 1)[0] ?? "", { label: "passphrase" }),
    catch: (error) => because(new UsageInvalid({ problem: `${path} cannot be read: ${String(error)}` }))
  })

/** Typed without being shown; `undefined` when the person goes away. */
const hidden = (message: string): Effect.Effect<Passphrase | undefined> =>
  Prompt.run(Prompt.Hidden({ message })).pipe(
    Effect.provide(NodeServices.layer),
    Effect.orElseSucceed(() => undefined)
  )

/** A new passphrase: from a file, or typed twice at the terminal. */
export const choose = Effect.fnUntraced(function* (file: string | undefined) {
  if (file !== undefined) return yield* fromFile(file)
  if (!isAtTerminal(yield* StandardStreams)) {
    return yield* because(
      new UsageInvalid({ problem: "Name a file whose first line is the new passphrase: --new-passphrase-file <file>" })
    )
  }
  const [first, again] = [yield* hidden("New passphrase"), yield* hidden("The same again")]
  if (first === undefined || again === undefined || Redacted.value(first) !== Redacted.value(again)) {
    return yield* because(new UsageInvalid({ problem: "The two were not the same; nothing was changed" }))
  }
  return first
})
