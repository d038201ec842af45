/**
 * The cookie that holds the secret of a signed-in browser's session. Its name makes browsers keep it to this very host and to
 * connections that nobody listens to; no script reads it, and no other site's page sends it.
 */

const name = "__Host-syncline"
const attributes = "Path=/; Secure; HttpOnly; SameSite=Strict"
const secretPattern = /^[\w-]{43}$/
/** Longer headers hold no cookies of ours alone, and are not read. */
const headerCharsMax = 8_192

/** What a browser is told to keep, for so many milliseconds. */
export const keep = (secret: string, forMs: number): string =>
  `${name}=${secret}; ${attributes}; Max-Age=${Math.floor(forMs / 1_000)}`

/** What a browser is told to throw away. */
export const drop = `${name}=; ${attributes}; Max-Age=0`

/** The secret in a request's header `cookie`, where there is one. */
export const secretIn = (header: string | undefined): string | undefined => {
  const value = valueIn(header, name)
  return value !== undefined && secretPattern.test(value) ? value : undefined
}

/** What a request's header `cookie` says under a name. */
export const valueIn = (header: string | undefined, named: string): string | undefined => {
  if (header === undefined || header.length > headerCharsMax) return undefined
  for (const pair of header.split(";")) {
    const [key, value = ""] = pair.trim().split("=", 2)
    if (key === named) return value
  }
  return undefined
}
