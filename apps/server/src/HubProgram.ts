/**
 * The hub as a process: settings, words for people on standard output, signals and exit codes (0 stopped, 1 failed,
 * 2 wrong settings). An expected failure is one sentence; only a defect leaves a trace, in the log on standard error.
 */
import { flushCompileCache } from "node:module"
import { JournalError } from "@syncline/core"
import type { JournalThread } from "@syncline/node/thread"
import { Effect } from "effect"
import type { Logger } from "pino"
import * as Hub from "./Hub.ts"
import * as HubConfig from "./HubConfig.ts"
import * as HubLog from "./HubLog.ts"

/** A stop that takes longer ends the process; the journal is durable at any moment. */
const stopMsMax = 1_900

const exit = (code: number, sentence: string): never => {
  process.stderr.write(`syncline hub: ${sentence}\n`)
  process.exit(code)
}

/** Expected failures are typed and say whether trying again makes sense; defects do not. */
const isExpected = (error: unknown): error is Error => error instanceof Error && "isRetryable" in error

/** Which settings to look at, where the error itself cannot know that it is about settings. */
const hint = (error: Error): string => {
  if (!(error instanceof JournalError.JournalError)) return ""
  if (error.reason._tag === "StoreForeign") return " (SYNCLINE_DATA names the folder, SYNCLINE_SPACE the space)"
  return error.reason._tag === "StoreInUse" ? " (SYNCLINE_DATA names it)" : ""
}

const fail = (error: unknown, log: Logger): never => {
  if (isExpected(error)) return exit(1, error.message + hint(error))
  log.fatal({ err: error }, "an unexpected error ends the hub")
  return exit(1, "an unexpected error ended the hub; the line above tells where, please report it")
}

const quoted = (path: string): string => (/^[\w./:@-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`)

const greeting = (hub: Hub.Hub, config: HubConfig.HubConfig): string => `Syncline hub is running. Ctrl-C stops it.

  address      ${hub.url}
  peer id      ${hub.peer}
  space        ${config.space}
  data folder  ${config.dataFolder}

To add a device, run on it:
  npm run -s syncline -- init --data ./device --hub ${hub.url}
and here, with the device id that it prints:
  ${letIn(config)}
${byCode(config)}`

/** The shorter way, where it is open. */
const byCode = ({ dataFolder, pairing }: HubConfig.HubConfig): string =>
  pairing === "on" ? `Or by a code, here:\n  npm run -s syncline -- pair new --data ${quoted(dataFolder)}\n` : ""

/** How somebody comes to sign in at all. */
const firstAccount = (token: string, url: string): string => `
Nobody has an account at this hub yet. Within 24 hours, this token makes the first one, once, at ${url}:
  setup token  ${token}
`

/** How a device is let in. */
const letIn = ({ dataFolder, policy }: HubConfig.HubConfig): string =>
  policy === "enterprise"
    ? `npm run -s syncline -- member add <name> --device <device id> --data ${quoted(dataFolder)}`
    : `npm run -s syncline -- trust <device id> --data ${quoted(dataFolder)}`

/** npm hands a signal on that the terminal has already sent, so later ones are ignored: stopping is under way. */
const stopOnSignals = (stop: () => Promise<void>, log: Logger): void => {
  let isStopping = false
  const onSignal = (signal: string): void => {
    if (isStopping) return
    isStopping = true
    log.info({ signal }, "stopping")
    setTimeout(() => {
      log.warn(`not everything ended within ${stopMsMax} ms`)
      process.exit(0)
    }, stopMsMax).unref()
    stop().then(
      () => {
        process.stdout.write("Syncline hub stopped.\n")
        process.exit(0)
      },
      (error: unknown) => fail(error, log)
    )
  }
  process.on("SIGINT", onSignal)
  process.on("SIGTERM", onSignal)
  process.on("SIGHUP", onSignal)
}

/** What the start took, for whoever wonders why a hub was away for so long. */
const startTimes = (hub: Hub.Hub, loadedMs: number) => ({
  processMs: Math.round(performance.nodeTiming.bootstrapComplete),
  loadMs: Math.round(loadedMs - performance.nodeTiming.bootstrapComplete),
  journalMs: Math.round(hub.journalMs),
  readyMs: Math.round(performance.now())
})

/** Runs a hub until a signal ends it, with a journal's thread that loads already. Resolves when it is ready. */
export const run = async (thread: JournalThread): Promise<void> => {
  // Whatever it makes is its own, also in a folder that others may look into.
  process.umask(0o077)
  const loadedMs = performance.now()
  const settings = await Effect.runPromise(HubConfig.load()).catch((error: unknown) =>
    isExpected(error) ? exit(2, error.message) : Promise.reject(error)
  )
  const log = HubLog.make(settings.logLevel)
  process.on("uncaughtException", (error) => fail(error, log))
  // Nobody may be reading what people would read.
  process.stdout.on("error", () => undefined)
  // Signals during the start end it the same way, as soon as there is something to stop.
  const opening = Hub.open(settings, log, thread)
  stopOnSignals(async () => (await opening).stop(), log)
  const hub = await opening.catch((error: unknown) => fail(error, log))
  log.info(startTimes(hub, loadedMs), "ready")
  process.stdout.write(greeting(hub, settings))
  void hub.setupToken.then((token) => token !== undefined && process.stdout.write(firstAccount(token, hub.url)))
  // Now, because a process that is killed would leave nothing.
  flushCompileCache()
}
