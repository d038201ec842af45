/**
 * Runs the command line to its exit code: parses, provides the platform, turns failures into sentences and codes, and
 * ends an interrupted command through its finalizers. What commands do lies elsewhere.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as CliConfig from "effect/cli/CliConfig"
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import { commandLine } from "./CommandLine.ts"
import * as ExitCode from "./ExitCode.ts"
import { Google, type GooglePlace } from "./Google.ts"
import * as Output from "./Output.ts"
import * as PlainText from "./PlainText.ts"
import * as StandardStreams from "./StandardStreams.ts"

const version = "0.1.0"

/**
 * Runs the arguments, with the process's own streams or others, and with Google where it is or elsewhere; resolves to the exit
 * code and never rejects.
 */
export const run = async (
  args: ReadonlyArray<string>,
  streams: StandardStreams.Streams = process,
  google: GooglePlace = {}
): Promise<number> => {
  // Behind `--` nothing is a flag.
  const end = args.indexOf("--")
  const isJson = (end === -1 ? args : args.slice(0, end)).includes("--json")
  const platform = Layer.mergeAll(
    CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
    CliOutput.layerPresenter(presenter(isJson)),
    Layer.succeed(Output.Output, Output.make(isJson)),
    Layer.succeed(Logger.LogToStderr, true),
    NodeServices.layer
  )
  const program = Command.runWith(commandLine, { version })(args).pipe(
    Effect.provide(platform),
    Effect.provideService(Google, google),
    StandardStreams.provide(streams)
  )
  // A reader that goes away is reported by the write itself; without a listener it would end the process.
  streams.stdout.on("error", () => undefined)
  streams.stderr.on("error", () => undefined)
  const fiber = Effect.runFork(program)
  const stop = interruptOn(fiber)
  const exit = await Effect.runPromise(Fiber.await(fiber))
  stop()
  return Effect.runPromise(StandardStreams.provide(streams)(conclude(exit, isJson)))
}

/** npm hands a signal on that the terminal has sent already; only a later one means impatience. */
const sameSignalMsMax = 1_000

/** The first signal ends the command through its finalizers, another one at once. */
const interruptOn = (fiber: Fiber.Fiber<unknown, unknown>): (() => void) => {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const
  let stoppingMs: number | undefined
  const onSignal = (): void => {
    if (stoppingMs !== undefined && performance.now() - stoppingMs > sameSignalMsMax) process.exit(ExitCode.interrupted)
    stoppingMs ??= performance.now()
    fiber.interruptUnsafe()
  }
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}

const conclude = (exit: Exit.Exit<unknown, ExitCode.Failure | CliError.CliError>, isJson: boolean) =>
  Effect.gen(function* () {
    if (Exit.isSuccess(exit)) return ExitCode.ok
    if (Cause.hasInterruptsOnly(exit.cause)) return ExitCode.interrupted
    const failure = exit.cause.reasons.find(Cause.isFailReason)?.error
    if (failure === undefined) {
      yield* complain({ code: "Defect", message: `Unexpected: ${Cause.pretty(exit.cause)}` }, isJson)
      return ExitCode.failed
    }
    // The presenter has told what is wrong with the arguments.
    if (!("reason" in failure))
      return failure._tag === "ShowHelp" && failure.errors.length === 0 ? ExitCode.ok : ExitCode.usage
    const code = ExitCode.of(failure)
    if (code !== ExitCode.ok) yield* complain(ExitCode.describe(failure), isJson)
    return code
  })

const complain = (error: { readonly code: string; readonly message: string }, isJson: boolean) =>
  Output.writeError(isJson ? `${JSON.stringify({ error })}\n` : `${PlainText.lines(error.message)}\n`)

/** Help goes to standard output when it was asked for; a wrong invocation is told on standard error. */
const presenter = (isJson: boolean): CliOutput.Presenter => ({
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const help = `See: ${event.commandPath.join(" ")} --help`
    const message = `${event.errors.map((each) => each.message.trim()).join("\n")}\n${help}`
    return complain({ code: "UsageInvalid", message: isJson ? message.replaceAll("\n", " ") : message }, isJson)
  }
})
