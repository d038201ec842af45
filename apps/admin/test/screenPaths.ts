/** Every screen for who is signed in, by an address that shows something in `fillHub`'s hub. */
import { readFileSync } from "node:fs"
import type { Page } from "playwright-core"
import type { HubWorld } from "./hubWorld.ts"

export const screenPaths = [
  "/",
  "/peers",
  "/pairing",
  "/routes",
  "/live",
  "/data",
  "/data/task",
  "/data/task/t1",
  "/conflicts",
  "/quarantine",
  "/receipts",
  "/team",
  "/team?tab=devices",
  "/team?tab=roles",
  "/team?tab=teams",
  "/team?tab=invitations",
  "/team?tab=requests",
  "/team?tab=charter",
  "/team/mia",
  "/policy",
  "/policy?tab=text",
  "/policy?tab=tests",
  "/policy?tab=preview&asker=mia",
  "/policy?tab=versions",
  "/policy?tab=explain&asker=mia&action=update&type=task&id=t1",
  "/audit",
  "/accounts",
  "/tokens",
  "/you",
  "/backups",
  "/settings",
  "/settings?tab=running",
  "/settings?tab=doctor",
  "/settings?tab=about"
] as const

/** Those that have nothing to show at a hub that is new. */
export const emptyPaths = [
  "/",
  "/peers",
  "/pairing",
  "/routes",
  "/live",
  "/data",
  "/data/task",
  "/conflicts",
  "/quarantine",
  "/receipts",
  "/policy",
  "/policy?tab=text",
  "/policy?tab=versions",
  "/team?tab=teams",
  "/team?tab=invitations",
  "/team?tab=requests",
  "/tokens",
  "/you",
  "/backups",
  "/settings?tab=running"
] as const

/** Those that ask the hub for something before they show it. */
export const askingPaths = [
  "/",
  "/peers",
  "/pairing",
  "/routes",
  "/live",
  "/data",
  "/data/task",
  "/conflicts",
  "/quarantine",
  "/receipts",
  "/team",
  "/policy",
  "/policy?tab=preview",
  "/policy?tab=versions",
  "/audit",
  "/accounts",
  "/tokens",
  "/you",
  "/backups",
  "/settings",
  "/settings?tab=running",
  "/settings?tab=doctor",
  "/settings?tab=about"
] as const

/** Scripts that people typed into names and values, of the kinds that threat T23 lists. */
export const scripts = [
  `<script>window.hacked=1</script>`,
  `"><img src=x onerror="window.hacked=1">`,
  `javascript:window.hacked=1`,
  `<svg/onload=window.hacked=1>`,
  `</textarea><iframe srcdoc="<script>parent.hacked=1</script>">`,
  `{{constructor.constructor('window.hacked=1')()}}`,
  `\u202Egnp.exe\u2066 \u0000\u001B[31m`,
  `<a href="javascript:window.hacked=1">x</a>`
]

/** A draft of whoever is signed in, by which somebody loses something. */
export const keepDraft = (page: Page): Promise<unknown> => {
  const text = readFileSync(policy, "utf8").replace(
    "types: all\n    to: { roles: [admin] }",
    "types: [announcement]\n    to: { roles: [admin] }"
  )
  return page.evaluate(
    (body) => fetch("/api/v1/policy/draft", { method: "PUT", body, headers: { "content-type": "application/json" } }),
    JSON.stringify({ text })
  )
}

const policy = new URL("../../../docs/snippets/policy.yaml", import.meta.url)

/** A team with members and devices, records of several types, some of it as an attacker would name it. */
export const fillHub = async ({ door, command, pathIn, url }: HubWorld): Promise<void> => {
  await door("POST", "/members", { id: "mia", name: "Mia", role: "admin", teams: [] })
  await door("POST", "/members", { id: "zoe", name: scripts[1]!.slice(0, 60), role: "readonly", teams: [] })
  await door("PUT", "/entities/task/t1", {
    fields: { title: "Milk", done: false, likes: 1, tags: ["red"] },
    kinds: { likes: "counter", tags: "orSet" }
  })
  await door("PATCH", "/entities/task/t1", { fields: { title: "Milk and bread", likes: { inc: 2 } } })
  const items = scripts.map((script, at) => ({
    id: `x${at} ${script}`.slice(0, 60),
    fields: { title: script, [script.slice(0, 30)]: script }
  }))
  await door("POST", "/entities/task/batch", { items })
  await door("POST", `/entities/${encodeURIComponent(scripts[0]!.slice(0, 40))}`, {
    fields: { title: "of a hostile type" }
  })
  const text = readFileSync(policy, "utf8")
  await door("PUT", "/teams/north", { name: "North" })
  await door("PUT", "/teams/south", { name: "South" })
  await door("POST", "/policy/apply", { text })
  await door("POST", "/routes", { address: "http://127.0.0.1:48999", note: scripts[3]! })
  await door("POST", "/backups")
  const device = pathIn("device")
  const shown = await command("init", "--data", device, "--hub", url)
  const [peer] = /12D3Koo\w+/.exec(shown) ?? []
  await door("POST", "/devices", { member: "mia", peer, name: scripts[4]!.slice(0, 60) })
  await command("sync", "--data", device)
}
