/**
 * What the hub shows of its queues and caches, beside what docs/OPERATIONS.md says about them.
 */
import { readFileSync } from "node:fs"
import { join as pathOf } from "node:path"
import { TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { device, openDevice, startHub, temporaryFolder, until } from "./hubProcess.ts"
import { team } from "./localDoor.ts"
import { invite, join, newcomer } from "./newcomer.ts"

/** Lines of a family, by their label. */
const family = (text: string, name: string): ReadonlyMap<string, number> =>
  new Map(
    [...text.matchAll(new RegExp(`^${name}\\{(.+)\\} (\\S+)$`, "gm"))].map(([, label, value]) => [
      label!,
      Number(value)
    ])
  )

const documented = (): ReadonlyMap<string, number> => {
  const text = readFileSync(pathOf(import.meta.dirname, "../../../docs/OPERATIONS.md"), "utf8")
  return new Map(
    [...text.matchAll(/^\| `((?:queue|cache)="\w+")` \| [^|]+ \| (\d+) \|/gm)].map(([, label, bound]) => [
      label!,
      Number(bound)
    ])
  )
}

/** What only a hub with a folder as its mailbox has. */
const ofFolder = 'queue="folder_requests"'
/** What only a hub that relays has. */
const ofRelays = [
  ...["libp2p_frames_in", "libp2p_bytes_in", "libp2p_bytes_out"].map((name) => `queue="${name}"`),
  'cache="libp2p_barred"'
]
/** What only a hub with gateways has. */
const ofGateways = [
  ...["gateway_addresses", "gateway_large_bodies", "foreign_connections", "isync_peers", "isync_unwritten"].map(
    (name) => `queue="${name}"`
  ),
  ...["galileosky_bodies", "galileosky_answers", "galileosky_devices"].map((name) => `queue="${name}"`),
  ...["galileosky_records", "galileosky_record_characters", "galileosky_downloads"].map((name) => `cache="${name}"`),
  ...["isync_packets", "isync_packet_bytes"].map((name) => `cache="${name}"`)
]
/** What only a team's hub has. */
const ofTeams = [
  'cache="policy_answers"',
  'queue="invitations"',
  'queue="join_requests"',
  'queue="join_requests_pending"',
  'queue="join_addresses"'
]

const relaying = { SYNCLINE_RELAY: "on", SYNCLINE_RELAY_PORT: "0" }
const gateways = {
  SYNCLINE_GATEWAY_PROJECT_AI: "1",
  SYNCLINE_GATEWAY_GALILEOSKY: "1",
  SYNCLINE_GATEWAY_ISYNC: "1"
}

it("[HB-18] metrics and table name the same queues and caches, with the same bounds", { timeout: 60_000 }, async () => {
  const data = temporaryFolder()
  const { peer, store } = device()
  await Effect.runPromise(TrustFile.add(data, peer))
  const hub = await startHub({ data })
  const node = await openDevice(store, hub)
  await node.task.putAll(Array.from({ length: 200 }, (_, i) => ({ title: `task ${i}` })))
  await until(async () => (await node.status()).peers[0]?.state === "synced", 10_000)
  const text = await (await fetch(`${hub.url}/metrics`)).text()
  const limits = new Map([...family(text, "syncline_queue_limit"), ...family(text, "syncline_cache_limit")])
  const lengths = new Map([...family(text, "syncline_queue_length"), ...family(text, "syncline_cache_length")])
  const table = new Map(documented())
  // This hub is a personal one without a mailbox and gateways, and no relay.
  for (const name of [...ofTeams, ...ofRelays, ...ofGateways, ofFolder])
    expect([name, table.delete(name)]).toEqual([name, true])
  expect(limits).toEqual(table)
  expect([...lengths.keys()]).toEqual([...limits.keys()])
  for (const [name, length] of lengths) expect([name, length >= 0 && length <= limits.get(name)!]).toEqual([name, true])
  // What a synced device leaves behind: one link and session, its partition, its name in the caches of both threads.
  const ofOne = ["connections", "sessions", "partitions", "trusted_peers"].map((name) => `queue="${name}"`)
  const cached = ["author_bytes", "commit_authors", "journal_authors", "peers"].map((name) => `cache="${name}"`)
  for (const name of [...ofOne, ...cached]) expect([name, lengths.get(name)]).toEqual([name, 1])
  expect(lengths.get('queue="journal_log_bytes"')).toBeGreaterThan(10_000)
  expect(lengths.get('queue="http_connections"')).toBeGreaterThanOrEqual(2)
})

it(
  "[HB-18] a team's hub with a mailbox, a relay and gateways shows what only it has, with the bounds of the table",
  { timeout: 60_000 },
  async () => {
    const data = temporaryFolder()
    const hub = await startHub({
      data,
      env: { ...team, SYNCLINE_MAILBOX_FOLDER: temporaryFolder(), ...relaying, ...gateways }
    })
    const { link } = await invite(data, hub)
    await join(hub, link, newcomer("Zoe"))
    let text = ""
    // The hub opens its folder when it looks into it first.
    await until(async () => {
      text = await (await fetch(`${hub.url}/metrics`)).text()
      return text.includes(ofFolder)
    }, 10_000)
    const limits = new Map([...family(text, "syncline_queue_limit"), ...family(text, "syncline_cache_limit")])
    const table = documented()
    for (const name of [...ofTeams, ...ofRelays, ...ofGateways, ofFolder])
      expect([name, limits.get(name)]).toEqual([name, table.get(name)])
    const lengths = family(text, "syncline_queue_length")
    expect(ofTeams.slice(1).map((name) => lengths.get(name))).toEqual([1, 1, 1, 1])
  }
)
