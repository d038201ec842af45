/**
 * Flags and arguments that several commands have, and how they are made. Whoever imports this stays quick to load, so
 * Effect's modules come one by one.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"

const dataDefault = "./syncline-device"

export const Data = GlobalFlag.Setting("data")({
  flag: Flag.String("data").pipe(
    Flag.withMetavar("folder"),
    Flag.withDescription(`Data folder of the device (default ${dataDefault}, or SYNCLINE_DEVICE)`),
    Flag.withFallbackConfig(Config.String("SYNCLINE_DEVICE")),
    Flag.withDefault(dataDefault)
  )
})

export const Json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withDescription("Results and errors as JSON, for programs"),
    Flag.withDefault(false)
  )
})

/** A text that may be left out. */
export const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar(metavar),
    Flag.withDescription(description),
    Flag.optional,
    Flag.map(Option.getOrUndefined)
  )

/** One of several words that may be left out. */
export const choice = <const Words extends ReadonlyArray<string>>(name: string, words: Words, description: string) =>
  Flag.Literals(name, words).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

export const yes = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

/** How many results at most; everything when it is left out. */
export const limit = (description: string) =>
  Flag.Int("limit").pipe(
    Flag.withDescription(description),
    Flag.filter(isAtLeast(1), (value) => `--limit must be 1 or more, not ${value}`),
    Flag.optional,
    Flag.map(Option.getOrUndefined)
  )

/** A number from 0 on: to pass over, to go on after, or to wait for. */
export const from = (name: string, description: string, otherwise = 0) =>
  Flag.Int(name).pipe(
    Flag.withDescription(description),
    Flag.filter(isAtLeast(0), (value) => `--${name} must be 0 or more, not ${value}`),
    Flag.withDefault(otherwise)
  )

export const isAtLeast = (minimum: number) => (value: number) => value >= minimum

export const type = Argument.String("type").pipe(Argument.withDescription("Entity type, e.g. city"))

export const id = Argument.String("id").pipe(Argument.withDescription("The record's id"))

/** Values of header fields, each as `field=value`. */
export const header = (description: string) =>
  Flag.String("header").pipe(Flag.withMetavar("field=value"), Flag.withDescription(description), Flag.atLeast(0))

/** Which record is meant where several have one id. */
export const headerOfOne = header(
  "Of several records with this id the one with this header value; each of its header fields"
)

export const schema = text("schema", "file", "TypeScript or JavaScript module that exports entity types")

/** A time of the past, which may be left out for the present. */
export const at = text("at", "time", "As it was then, e.g. 2026-11-21T14:30Z")

/** Which hub is asked. */
export const hub = {
  at: text("at", "url", "Address of the hub, instead of the one that runs on the folder --data"),
  tokenFile: Flag.String("token-file").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("With --at: a file with a token in its first line (or SYNCLINE_TOKEN_FILE)"),
    Flag.withFallbackConfig(Config.String("SYNCLINE_TOKEN_FILE")),
    Flag.optional,
    Flag.map(Option.getOrUndefined)
  )
}

/** What a command does: its code is loaded only when it runs, and is told the data folder beside the command's own input. */
export const doing =
  <Code, Input extends object, A, E, R>(
    load: () => Promise<Code>,
    run: (code: Code, input: Input & { readonly data: string }) => Effect.Effect<A, E, R>
  ) =>
  (input: Input) =>
    Effect.gen(function* () {
      const data = yield* Data
      return yield* run(yield* Effect.promise(load), { ...input, data })
    })
