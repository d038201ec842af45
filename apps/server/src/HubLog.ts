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

/** Sends what effects log to pino. What is below its level, which may change while the hub runs, is not even formatted. */
export const layer = (log: Pino): Layer.Layer<never> =>
  Layer.merge(Logger.layer([loggerTo(log)]), Layer.succeed(References.MinimumLogLevel, "All"))

const loggerTo = (log: Pino) =>
  Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
    const level = pinoLevel(logLevel)
    if (!log.isLevelEnabled(level)) return
    const parts = Array.isArray(message) ? message : [message]
    const texts = parts.filter((part) => typeof part !== "object" || part === null)
    const details = parts.filter((part) => typeof part === "object" && part !== null)
    const entry = Object.assign({}, fiber.getRef(References.CurrentLogAnnotations), ...details)
    if (cause.reasons.length > 0) entry.cause = Cause.pretty(cause)
    log[level](entry, texts.join(" "))
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
