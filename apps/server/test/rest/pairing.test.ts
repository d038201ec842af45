/** Codes of the hub over REST: made there, brought by a device that knows them, answered there or at the folder. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createOrchestratorWithPairing } from "@syncline/node/pairing"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { expect, it, onTestFinished } from "vitest"
import { type HubProcess, startHub, Task, temporaryFolder, until } from "../hubProcess.ts"
import { ask, team } from "../localDoor.ts"
import { openLiveHub } from "../live/liveHub.ts"
import { teamWorld } from "./teamWorld.ts"

const limit = { timeout: 60_000 }

interface Pairing {
  readonly code: object | null
  readonly pending: ReadonlyArray<{ readonly id: string; readonly checkNumber: string; readonly name: string }>
}

const phoneAt = async (hub: Pick<HubProcess, "url">, space: string) => {
  const phone = await createOrchestratorWithPairing({
    space,
    store: temporaryFolder(),
    entities: { task: Task },
    name: "Mias phone",
    policy: (trusted) => personal({ trusted }),
    transports: [],
    meeting: { transport: socketIo(), address: `${hub.url}/pair` }
  })
  onTestFinished(phone.close)
  return phone
}

/** Brings a code and answers at the hub as soon as the device has asked. */
const bring = async (hub: HubProcess, data: string, code: string, answer: "accept" | "decline") => {
  const phone = await phoneAt(hub, "home")
  let shown = ""
  const verdict = phone.pairing.verifySyncCode(code, { onCheckNumber: (number) => void (shown = number) })
  const waiting = async (): Promise<Pairing> => (await ask(data, "pairing")).body as unknown as Pairing
  await until(async () => (await waiting()).pending.length === 1, 20_000)
  const [request] = (await waiting()).pending
  expect(request).toMatchObject({ name: "Mias phone", checkNumber: shown })
  expect((await ask(data, `pairing/requests/${request!.id}/${answer}`, {})).status).toBe(200)
  return { phone, verdict: await verdict, id: request!.id }
}

it("[HT-4] a device comes into a team by a code, as a new member in the name of whoever said yes", limit, async () => {
  const data = temporaryFolder()
  const hub = await startHub({ data, env: team })
  expect((await ask(data, "pairing")).body).toEqual({ code: null, pending: [] })
  const { body: made, status } = await ask(data, "pairing/codes", { role: "readonly" })
  expect(status).toBe(201)
  const { digits, expiresMs, link, words } = made as unknown as Record<string, string>
  expect(digits).toMatch(/^\d{4}-\d{4}-\d{4}$/)
  expect(words!.split("-")).toHaveLength(4)
  expect(link).toContain(encodeURIComponent(hub.url))
  expect((await ask(data, "pairing")).body).toMatchObject({ code: { expiresMs, role: "readonly", member: null } })
  const { id, phone, verdict } = await bring(hub, data, words!, "accept")
  expect(verdict).toMatchObject({ isVerified: true, peer: hub.peer })
  await until(async () => (await ask(data, `pairing/requests/${id}`)).body["outcome"] === "paired", 10_000)
  expect((await ask(data, "members/mias-phone")).body).toMatchObject({ name: "Mias phone", role: "readonly" })
  expect((await ask(data, `devices/${phone.node.peer}`)).body).toMatchObject({ member: "mias-phone" })
  expect((await ask(data, "pairing")).body).toEqual({ code: null, pending: [] })
  expect((await ask(data, "pairing/requests/abcdef")).status).toBe(404)
  // The same member's further device, which is not let in.
  const further = await ask(data, "pairing/codes", { member: "mias-phone" })
  const denied = await bring(hub, data, (further.body as unknown as Record<string, string>)["digits"]!, "decline")
  expect(denied.verdict).toMatchObject({ isVerified: false, reason: "Declined" })
  expect((await ask(data, `devices/${denied.phone.node.peer}`)).status).toBe(404)
  const known = [hub.log(), hub.out(), readFileSync(join(data, "pairing.json"), "utf8")].join("\n")
  for (const secret of [digits!, digits!.replaceAll("-", ""), words!, /secret=(\w+)/.exec(link!)![1]!]) {
    expect(known).not.toContain(secret)
  }
})

it("[HT-4] a personal hub trusts the device, and a closed meeting place is told", limit, async () => {
  const data = temporaryFolder()
  const hub = await startHub({ data })
  const { body } = await ask(data, "pairing/codes", {})
  const { phone, verdict } = await bring(hub, data, (body as unknown as Record<string, string>)["digits"]!, "accept")
  expect(verdict).toMatchObject({ isVerified: true, peer: hub.peer })
  expect(readFileSync(join(data, "trusted-peers"), "utf8")).toContain(`${phone.node.peer}`)
  const closed = temporaryFolder()
  await startHub({ data: closed, env: { SYNCLINE_PAIRING: "off" } })
  expect(await ask(closed, "pairing/codes", {})).toMatchObject({ status: 409, body: { code: "PairingClosed" } })
})

it("[HT-5] nobody makes a code for more than its member could grant", limit, async () => {
  const { ask: asking } = await teamWorld()
  const make = (as: string, body: object) => asking("/pairing/codes", { as, method: "POST", body })
  expect(await make("adam", { role: "owner" })).toMatchObject({ status: 409, body: { code: "CharterDenied" } })
  expect(await make("mia", {})).toMatchObject({ status: 409, body: { code: "CharterDenied" } })
  expect(await make("nobody", {})).toMatchObject({ status: 403, body: { code: "AccountUnlinked" } })
  for (const [as, member] of [
    ["adam", "owner"],
    ["mia", "owner"],
    ["mia", "adam"]
  ] as const) {
    expect(await make(as, { member })).toMatchObject({ status: 409, body: { code: "CharterDenied" } })
  }
  expect(await make("adam", { member: "zoe" })).toMatchObject({ status: 404, body: { code: "NoneOfTeam" } })
})

it("[HT-5] nobody says yes for more than its member could grant, whatever else is asked meanwhile", limit, async () => {
  const hub = await openLiveHub({ policy: "enterprise", pairing: "on" })
  const owner = await hub.owner()
  await owner.ask("POST", "/members", { id: "adam", name: "Adam", role: "admin", teams: [] })
  const adam = await hub.join(owner, "adam", "admin", "adam")
  const { body } = await adam.ask("POST", "/pairing/codes", { role: "readonly" })
  const phone = await phoneAt(hub, "home")
  const verdict = phone.pairing.verifySyncCode((body as unknown as { readonly words: string }).words, {
    onCheckNumber: () => undefined
  })
  const waiting = async () => ((await adam.ask("GET", "/pairing")).body as unknown as Pairing).pending
  await until(async () => (await waiting()).length === 1, 20_000)
  const [{ id }] = (await waiting()) as [Pairing["pending"][number]]
  const accept = (which: string, more: object) => adam.ask("POST", `/pairing/requests/${which}/accept`, more)
  const said = accept(id, { role: "owner" })
  const others = Array.from({ length: 100 }, (_, at) => accept(at.toString(16).padStart(id.length, "0"), {}))
  for (const { status } of await Promise.all(others)) expect(status).toBe(404)
  expect((await said).status).toBe(200)
  expect(await verdict).toMatchObject({ isVerified: false })
  expect((await owner.ask("GET", "/members")).text).not.toContain("mias-phone")
})
