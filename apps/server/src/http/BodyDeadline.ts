/**
 * The time for a request to arrive: of routes that take large bodies as long as they say, of all others as long as usual. Node knows one
 * time for a whole server. Idle connections and headers are the server's business.
 */
import type { FastifyInstance } from "fastify"

declare module "fastify" {
  interface FastifyContextConfig {
    /** How long its body may take to arrive, in milliseconds, where that is longer than usual; at most an hour. */
    readonly bodyMsMax?: number | undefined
  }
}

/** For a large body of a gateway to arrive, in milliseconds. */
export const largeBodyMsMax = 2 * 60_000
/** For a file to arrive, in milliseconds. */
export const fileBodyMsMax = 60 * 60_000

/** Lets routes that say so take their time; of all others the connection is cut after `usualMs`. */
export const install = (app: FastifyInstance, usualMs: number): void => {
  app.server.requestTimeout = fileBodyMsMax
  app.addHook("onRequest", async ({ raw, routeOptions }) => {
    if (raw.complete) return
    const ms = routeOptions.config?.bodyMsMax ?? usualMs
    const timer = setTimeout(() => void (raw.complete || raw.socket.destroy()), ms)
    raw.once("close", () => clearTimeout(timer))
  })
}
