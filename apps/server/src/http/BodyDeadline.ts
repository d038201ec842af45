/**
 * The time for a request to arrive, where some routes take large bodies: they have minutes, and all others as long as on a server without
 * them. Node knows one time for a whole server. Idle connections and headers are the server's business.
 */
import type { FastifyInstance } from "fastify"

declare module "fastify" {
  interface FastifyContextConfig {
    /** Its body may take as long as a large one. */
    readonly isLarge?: boolean
  }
}

/** For a large body to arrive, in milliseconds. */
export const largeBodyMsMax = 2 * 60_000

/** Lets routes that say `isLarge` take their time; of all others the connection is cut after `usualMs`. */
export const install = (app: FastifyInstance, usualMs: number): void => {
  app.server.requestTimeout = largeBodyMsMax
  app.addHook("onRequest", async ({ raw, routeOptions }) => {
    if (routeOptions.config?.isLarge === true || raw.complete) return
    const timer = setTimeout(() => void (raw.complete || raw.socket.destroy()), usualMs)
    raw.once("close", () => clearTimeout(timer))
  })
}
