/**
 * Devices that pair through a hub that does not know them, and what the hub keeps of it: nothing.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { Crypto } from "@syncline/core"
import { LinkMeeting, type MeetingError } from "@syncline/core/pairing"
import { NodeCrypto, TrustFile } from "@syncline/node"
import { createOrchestratorWithPairing, type PairingRequest } from "@syncline/node/pairing"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { Effect } from "effect"
import { expect, it, onTestFinished } from "vitest"
import { device, type HubProcess, metric, openDevice, startHub, Task, temporaryFolder, until } from "./hubProcess.ts"

const limit = { timeout: 60_000 }

const open = async (hub: HubProcess, name: string, onRequest?: (request: PairingRequest) => boolean) => {
  const opened = await createOrchestratorWithPairing({
    space: "home",
    store: temporaryFolder(),
    entities: { task: Task },
    name,
    policy: (trusted) => personal({ trusted }),
    transports: [],
    meeting: { transport: socketIo(), address: `${hub.url}/pair` },
    ...(onRequest === undefined ? {} : { onRequest })
  })
  onTestFinished(opened.close)
  return opened
}

/** The text of every file below a folder. */
const everythingIn = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "latin1"))
    .join("\n")

it("[HB-60] [HB-62] devices pair through a hub that learns nothing by it", limit, async () => {
  const data = temporaryFolder()
  const hub = await startHub({ data, env: { SYNCLINE_LOG_LEVEL: "trace" } })
  const asked: Array<PairingRequest> = []
  const laptop = await open(hub, "Mias-Klapprechner", (request) => {
    asked.push(request)
    return true
  })
  const phone = await open(hub, "Mias-Fernsprecher")
  const code = await laptop.pairing.generateSyncCode()
  const wrong = (await phone.pairing.verifySyncCode(
    code.link!.replace(/secret=(.)/, (_, first) => `secret=${first === "0" ? "1" : "0"}`)
  )) as {
    reason?: string
  }
  expect(wrong.reason).toBe("CodeWrong")
  const verdict = await phone.pairing.verifySyncCode(code.digits)
  expect(verdict).toMatchObject({ isVerified: true, peer: laptop.node.peer })
  await code.paired
  expect(await phone.pairing.trustedPeers()).toEqual([laptop.node.peer])
  await until(async () => (await metric(hub, 'syncline_pairing_callers_total{outcome="met"}')) === 2, 5_000)
  const metrics = await (await fetch(`${hub.url}/metrics`)).text()
  hub.child.kill("SIGTERM")
  await hub.ended()
  const known = [hub.log(), hub.out(), metrics, everythingIn(data)].join("\n")
  const digits = code.digits.replaceAll("-", "")
  const secret = /secret=(\w+)/.exec(code.link!)![1]!
  const traces = [code.digits, digits, digits.slice(3, 11), code.words!, secret, asked[0]!.checkNumber.padStart(9, "#")]
  const names = ["Mias-Klapprechner", "Mias-Fernsprecher", laptop.node.peer, phone.node.peer]
  for (const trace of [...traces, ...names, Buffer.from(digits.slice(3, 11)).toString("hex")]) {
    expect([trace, known.includes(trace)]).toEqual([trace, false])
  }
  for (const { peer } of [laptop.node, phone.node]) expect(known.includes(peer.slice(-20))).toBe(false)
  // The search finds what is there.
  expect(known).toContain(hub.peer)
})

const callOnce = (hub: HubProcess): Promise<string> =>
  Effect.gen(function* () {
    const road = yield* LinkMeeting.make(socketIo(), `${hub.url}/pair`)
    return yield* Effect.scoped(road.visit(7)).pipe(
      Effect.as("met"),
      Effect.catch(({ reason }: MeetingError.MeetingError) => Effect.succeed(reason._tag))
    )
  }).pipe(Effect.provideService(Crypto.Crypto, NodeCrypto.functions), Effect.runPromise)

it("[HB-61] a hub may have no meeting place", limit, async () => {
  const hub = await startHub({ data: temporaryFolder(), env: { SYNCLINE_PAIRING: "off" } })
  expect(await callOnce(hub)).toBe("MeetingUnreachable")
  expect((await fetch(`${hub.url}/readyz`)).status).toBe(200)
})

it("[HB-63] who calls too often is turned away, and devices sync on", limit, async () => {
  const data = temporaryFolder()
  const { peer, store } = device()
  await Effect.runPromise(TrustFile.add(data, peer))
  const hub = await startHub({ data })
  const node = await openDevice(store, hub)
  const answers = new Map<string, number>()
  for (let i = 0; i < 70; i++) {
    const answer = await callOnce(hub)
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
  }
  expect(answers).toEqual(
    new Map([
      ["SlotEmpty", 60],
      ["MeetingBusy", 10]
    ])
  )
  await node.task.put({ title: "Milk" })
  await until(async () => (await node.status()).peers[0]?.state === "synced", 10_000)
})
