/**
 * One stream of logs: what effects log goes into the same pino that Fastify uses, as JSON on standard error. Standard
 * output is left to people.
 */
import { Cause, Layer, Logger, References } from "effect"
import { type Logger as Pino, pino } from "pino"
import type { LogLevel } from "./HubConfig.ts"

/** Written at once, so that the last line before an exit is not lost. */
export const make = (level: LogLevel): Pino =>
  pino({ level, redact: ["req.headers.authorization", "req.headers.cookie"] }, pino.destination({ fd: 2, sync: true }))

/** Sends what effects log to pino. */
export const layer = (log: Pino): Layer.Layer<never> =>
  Layer.merge(Logger.layer([loggerTo(log)]), Layer.succeed(References.MinimumLogLevel, minimumOf(log.level)))

const loggerTo = (log: Pino) =>
  Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
    const parts = Array.isArray(message) ? message : [message]
    const texts = parts.filter((part) => typeof part !== "object" || part === null)
    const details = parts.filter((part) => typeof part === "object" && part !== null)
    const entry = Object.assign({}, fiber.getRef(References.CurrentLogAnnotations), ...details)
    if (cause.reasons.length > 0) entry.cause = Cause.pretty(cause)
    log[pinoLevel(logLevel)](entry, texts.join(" "))
  })

type Level = Parameters<Parameters<typeof Logger.make>[0]>[0]["logLevel"]

const pinoLevel = (level: Level): Exclude<LogLevel, "silent"> => {
  switch (level) {
    case "Fatal":
      return "fatal"
    case "Error":
      return "error"
    case "Warn":
      return "warn"
    case "Info":
      return "info"
    case "Debug":
      return "debug"
    default:
      return "trace"
  }
}

/** Effects below this level are not even formatted. */
const minimumOf = (level: string): Level => {
  switch (level) {
    case "trace":
      return "All"
    case "debug":
      return "Debug"
    case "info":
      return "Info"
    case "warn":
      return "Warn"
    case "error":
      return "Error"
    case "fatal":
      return "Fatal"
    default:
      return "None"
  }
}
