/**
 * The cookie that a browser brings back from another service. Unlike a session's it comes along when that service sends the browser here, and
 * it opens nothing by itself.
 */
import * as SessionCookie from "./SessionCookie.ts"

const name = "__Host-syncline-oidc"
const attributes = "Path=/; Secure; HttpOnly; SameSite=Lax"

export const keep = (secret: string, forMs: number): string =>
  `${name}=${secret}; ${attributes}; Max-Age=${Math.floor(forMs / 1_000)}`

export const drop = `${name}=; ${attributes}; Max-Age=0`

export const secretIn = (header: string | undefined): string | undefined => SessionCookie.valueIn(header, name)
