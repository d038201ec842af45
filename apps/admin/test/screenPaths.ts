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

/** What is there for a while only, by a code, and passkeys, which take an authenticator. */
export const isNeverFull = (path: string): boolean => path === "/pairing" || path === "/you"

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

/** What whoever is signed in has alone: a draft by which somebody loses something, and a token. */
export const keepOwn = async (page: Page): Promise<void> => {
  const text = readFileSync(policy, "utf8").replace(
    "types: all\n    to: { roles: [admin] }",
    "types: [announcement]\n    to: { roles: [admin] }"
  )
  const ask = (method: string, path: string, body: object) =>
    page.evaluate(
      async ([how, where, sent]) => {
        const headers = { "content-type": "application/json" }
        const { ok, status } = await fetch(`/api/v1${where}`, { method: how, body: sent, headers })
        if (!ok) throw new Error(`${how} ${where} answered ${status}`)
      },
      [method, path, JSON.stringify(body)] as const
    )
  await ask("PUT", "/policy/draft", { text })
  await ask("POST", "/tokens", { note: "nightly export", scopes: ["records:read"], days: 30 })
}

const policy = new URL("../../../docs/snippets/policy.yaml", import.meta.url)

/** A team with members and devices, records of several types, some of it as an attacker would name it. */
export const fillHub = async (world: HubWorld): Promise<void> => {
  const { background, command, door, pathIn, url } = world
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
  await meetAtOnce(world, device)
  await inviteNora(world)
  background("watch", "--data", device)
}

/** Two write one field without knowing of each other, and a device deletes more than `fullHub` lets through. */
const meetAtOnce = async ({ background, command, door }: HubWorld, device: string): Promise<void> => {
  const on = (...args: ReadonlyArray<string>) => command(...args, "--data", device)
  await door("PATCH", "/entities/task/t1", { fields: { title: "Milk, bread and eggs" } })
  await on("put", "task", '{"title":"Oat milk"}', "--id", "t1")
  for (const id of ["d1", "d2"]) await on("put", "task", '{"title":"Done long ago"}', "--id", id)
  await on("sync")
  for (const id of ["d1", "d2"]) await on("delete", "task", id)
  // That deletes wait is no success of a sync.
  await background("sync", "--data", device).said(/mass delete/)
}

/** Somebody asks by an invitation's link. */
const inviteNora = async ({ background, command, folder, pathIn }: HubWorld): Promise<void> => {
  const { link } = JSON.parse(await command("invite", "new", "--role", "readonly", "--json", "--data", folder)) as {
    readonly link: string
  }
  await background("join", link, "--name", "Nora", "--data", pathIn("nora")).said(/wait/i)
}

/** Environment of a hub that `fillHub` fills: one deletion a minute is let through. */
export const fullHub = {
  SYNCLINE_LAN_PEERS: "on",
  SYNCLINE_MASS_DELETE_RECORDS: "1",
  SYNCLINE_MAILBOX_FOLDER: "mailbox",
  SYNCLINE_GATEWAY_PROJECT_AI: "on"
}
