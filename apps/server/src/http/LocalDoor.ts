/**
 * A door for programs on this machine that may read the data folder: they take its address and a token from a file there,
 * which only the hub's own user can read. The token lives as long as the process.
 */
import { randomBytes, timingSafeEqual } from "node:crypto"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { IncomingHttpHeaders } from "node:http"
import type { FastifyInstance } from "fastify"

/** The file in a data folder; JSON with `url`, `token` and `hub`, the address under which others call it. */
export const doorFile = (folder: string): string => join(folder, "local-door.json")

const tokenBytes = 32

export interface LocalDoor {
  /** True for a request with the token. */
  readonly holds: (request: { readonly headers: IncomingHttpHeaders }) => boolean
  /** Says where the door is; to be called once the server listens. */
  readonly open: (url: string, hub: string) => void
}

/** Makes the door of a server; its file goes when the server closes. */
export const make = (app: FastifyInstance, folder: string): LocalDoor => {
  const token = randomBytes(tokenBytes).toString("base64url")
  const expected = Buffer.from(`Bearer ${token}`)
  app.addHook("onClose", async () => rmSync(doorFile(folder), { force: true }))
  const holds: LocalDoor["holds"] = ({ headers }) => {
    const given = Buffer.from(headers.authorization ?? "")
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
  return {
    holds,
    open: (url, hub) => {
      // A file of a process that was killed may be there, with another mode.
      rmSync(doorFile(folder), { force: true })
      writeFileSync(doorFile(folder), JSON.stringify({ url, token, hub }), { mode: 0o600, flag: "wx" })
    }
  }
}
