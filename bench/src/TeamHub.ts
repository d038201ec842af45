/**
 * The charter of a team's hub, written through its local door as `syncline member` and `syncline acl apply` do it.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"

const ask = async (folder: string, path: string, body: object): Promise<void> => {
  const door = JSON.parse(readFileSync(join(folder, "local-door.json"), "utf8")) as {
    readonly url: string
    readonly token: string
  }
  const response = await fetch(`${door.url}/api/v1/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${door.token}`, "content-type": "application/json" },
    body: JSON.stringify(body)
  })
  if (!response.ok) throw new Error(`the hub refuses ${path}: ${await response.text()}`)
}

/** Makes each device that of a member of its own, who belongs to the teams. */
export const addMembers = async (
  folder: string,
  devices: ReadonlyArray<{ readonly member: string; readonly peer: string }>,
  teams: ReadonlyArray<string> = []
): Promise<void> => {
  for (const { member, peer } of devices) {
    const operations = [
      { _tag: "AddMember", member, name: member, role: "member", teams },
      { _tag: "AddDevice", member, device: peer, name: "device" }
    ]
    await ask(folder, "charter/records", { operations })
  }
}

export const write = (folder: string, operations: ReadonlyArray<object>): Promise<void> =>
  ask(folder, "charter/records", { operations })

export const applyPolicy = (folder: string, text: string): Promise<void> => ask(folder, "policy/apply", { text })
