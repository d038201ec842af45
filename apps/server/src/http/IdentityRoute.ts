/**
 * Who this hub is, for a device that is about to join: `GET /api/v1/identity`. Everything in it is public; a session
 * proves the peer id later, and the answer grants nothing.
 */
import type { FastifyInstance } from "fastify"

export interface Identity {
  readonly peer: string
  /** Name of the space. */
  readonly space: string
  /** How devices are let in: by the hub's trust file, or by the space's charter. */
  readonly policy: "personal" | "enterprise"
  /** Where devices may dial: its HTTP server, then its relay. */
  readonly addresses: ReadonlyArray<string>
  /** Multiaddrs of the relay that it is, each with its peer; none where it is none. */
  readonly relays: ReadonlyArray<string>
  readonly version: string
}

export const install = (app: FastifyInstance, identity: () => Identity): void => {
  app.get("/api/v1/identity", async () => identity())
}
