/**
 * A team's hub as programs on its machine speak to it: by the token that lies in its data folder.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** Settings of a hub whose charter says who is let in. */
export const team = { SYNCLINE_POLICY: "enterprise" }

interface Door {
  readonly url: string
  readonly token: string
}

const doorOf = (data: string): Door => JSON.parse(readFileSync(join(data, "local-door.json"), "utf8")) as Door

/** Asks at the hub's local door. */
export const ask = async (data: string, path: string, body?: object, method = "POST") => {
  const { token, url } = doorOf(data)
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
  const init = body === undefined ? { headers } : { method, headers, body: JSON.stringify(body) }
  const response = await fetch(`${url}/api/v1/${path}`, init)
  return { status: response.status, body: (await response.json()) as Record<string, never> }
}

/** Writes a record of the charter. */
export const write = (data: string, ...operations: ReadonlyArray<object>) =>
  ask(data, "charter/records", { operations })

/** A member with one device. */
export const joining = (id: string, role: string, peer: string, ...teams: ReadonlyArray<string>) => [
  { _tag: "AddMember", member: id, name: id, role, teams },
  { _tag: "AddDevice", member: id, device: peer, name: `${id}'s` }
]
