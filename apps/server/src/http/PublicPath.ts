/**
 * The path below which a proxy shows the hub. The hub's own routes know nothing of it: it is taken off before they are looked for,
 * also for upgrades. A proxy that takes it off itself may do so.
 */
import type { IncomingMessage } from "node:http"
import type { HubServer } from "./HubServer.ts"

/** The path of a public address, e.g. `/team`; nothing where it has none. */
export const of = (publicUrl: string | undefined): string =>
  publicUrl === undefined ? "" : new URL(publicUrl).pathname.replace(/\/$/, "")

/** What is asked for below the path. */
export const below = (path: string, url: string): string => {
  if (path === "" || !url.startsWith(path)) return url
  const rest = url.slice(path.length)
  if (rest === "") return "/"
  return rest.startsWith("/") ? rest : rest.startsWith("?") ? `/${rest}` : url
}

/** Before any other listener of upgrades: those look for paths of their own. */
export const install = (server: HubServer, path: string): void => {
  if (path === "") return
  server.prependListener("upgrade", (request: IncomingMessage) => void (request.url = below(path, request.url ?? "/")))
}
