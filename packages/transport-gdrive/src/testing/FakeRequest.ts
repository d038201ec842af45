/**
 * Drive's REST as text: which method a request is, the two parts of an upload, and the fields of an answer that were asked for.
 * It knows no files.
 */
import { FakeRefusal } from "./FakeFiles.ts"

/** What a request asks for; `undefined` for what the fake has not. */
export interface Route {
  readonly method: string
  readonly id: string | undefined
}

export const routeOf = (verb: string, { pathname, searchParams }: URL): Route | undefined => {
  const [, id] = /^\/drive\/v3\/files\/([^/]+)$/.exec(pathname) ?? []
  const known: Readonly<Record<string, string>> = {
    "GET /auth": "consent",
    "POST /token": "token",
    "POST /revoke": "revoke",
    "GET /drive/v3/about": "about",
    "GET /drive/v3/files": "list",
    "POST /drive/v3/files": "create",
    "POST /upload/drive/v3/files": "create",
    "GET /drive/v3/files/generateIds": "generateIds",
    "GET /drive/v3/changes": "changes",
    "GET /drive/v3/changes/startPageToken": "startPageToken"
  }
  const method = known[`${verb} ${pathname}`]
  if (method !== undefined) return { method, id: undefined }
  if (id === undefined) return undefined
  if (verb === "GET") return { method: searchParams.get("alt") === "media" ? "download" : "get", id }
  return verb === "DELETE" ? { method: "delete", id } : undefined
}

/** The description and the bytes of a multipart upload. */
export const partsOf = (
  contentType: string,
  body: Buffer
): { readonly json: Readonly<Record<string, unknown>>; readonly bytes: Buffer } => {
  const boundary = /boundary=([\w-]+)/.exec(contentType)?.[1]
  if (boundary === undefined) throw new FakeRefusal(400, "badContent")
  const parts: Array<Buffer> = []
  let at = body.indexOf(`--${boundary}\r\n`)
  while (at >= 0) {
    const from = body.indexOf("\r\n\r\n", at) + 4
    const end = body.indexOf(`\r\n--${boundary}`, from)
    if (from < 4 || end < 0) throw new FakeRefusal(400, "badContent")
    parts.push(body.subarray(from, end))
    at = body.indexOf(`--${boundary}\r\n`, end)
  }
  const [json, bytes] = parts
  if (parts.length !== 2 || json === undefined || bytes === undefined) throw new FakeRefusal(400, "badContent")
  return { json: jsonOf(json), bytes }
}

export const jsonOf = (body: Buffer): Readonly<Record<string, unknown>> => {
  const value: unknown = JSON.parse(body.toString("utf8"))
  if (typeof value !== "object" || value === null) throw new FakeRefusal(400, "parseError")
  return value as Readonly<Record<string, unknown>>
}

/** Leaves of an answer what `fields` names, such as `nextPageToken,files(id,name)`. */
export const picked = (value: unknown, fields: string): unknown => {
  if (Array.isArray(value)) return value.map((each: unknown) => picked(each, fields))
  if (typeof value !== "object" || value === null) return value
  const found: Record<string, unknown> = {}
  for (const [, name, inner] of fields.matchAll(/(\w+)(?:\(((?:[^()]|\([^()]*\))*)\))?/g)) {
    const own = (value as Readonly<Record<string, unknown>>)[name!]
    if (own !== undefined) found[name!] = inner === undefined ? own : picked(own, inner)
  }
  return found
}
