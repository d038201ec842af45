/** iSync's own clients at the hub: request by request what its Python client sends, in all three shapes, and what strangers try. */
import { createHash } from "node:crypto"
import { Entity, Schema, TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { make, stepping, usual } from "../../src/gateway/isync/ISync.ts"
import { ISyncMesh, type MeshOptions, waitingMax } from "../../src/gateway/isync/ISyncMesh.ts"
import * as ISyncPacket from "../../src/gateway/isync/ISyncPacket.ts"
import { bytesMax, ISyncPackets, sourcesMax } from "../../src/gateway/isync/ISyncPackets.ts"
import { device, metric, openWith, startHub, temporaryFolder, until } from "../hubProcess.ts"
import { openAlone, openHub } from "./gatewayHub.ts"
import { connect, meet, opened, sealedPacket } from "./pythonClient.ts"

const settings = { isync: "on", isyncPeers: 10 } as const

const state = (node: string, value: string) => ({
  node_id: node,
  vector_clock: { [node]: 1 },
  lww_registers: { "config._id.value": { node_id: node, value, timestamp: 1_728_123_456.5 } },
  deleted_keys: { elements: [] }
})

/** Shape 1, as Python writes it: a float that ends in .0, and a number that no JavaScript number holds. */
const plain = (node: string, value: string): string =>
  `{"source_node": "${node}", "source_type": "iSync", "timestamp": 1728123456.0, "data": ${JSON.stringify(state(node, value))}, "n": 12345678901234567890}`

/** Shape 3, which says that it is sealed and is not. */
const unsealed = (node: string): string =>
  `{"_encrypted": true, "source_node": "${node}", "source_type": "iControl", "timestamp": 1728123456.789, "data": {"config": {"user_id": {"id": "user_id", "value": "dark"}}}}`

/** Clients whose time does not pass. */
const meshOf = (more: Partial<MeshOptions>): ISyncMesh =>
  new ISyncMesh({
    nodeId: "hub",
    peersMax: 10,
    nowMs: () => 0,
    onWork: () => undefined,
    onRegistered: () => undefined,
    onIgnored: () => undefined,
    onPacket: () => undefined,
    ...more
  })

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe("iSync's clients", () => {
  for (const isUpgrading of [true, false]) {
    const how = isUpgrading ? "polls and upgrades" : "polls only"
    it(`[GI-1][GI-2] a client that ${how} is told who the hub is, is accepted and gets what others say`, async () => {
      const { url } = await openHub(settings)
      const a = await meet(url, "icontrol-1", { isUpgrading })
      const info = await a.next("node_info")
      expect(info.argument["node_id"]).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      expect((await a.next("handshake_response")).argument).toEqual({ ...info.argument, status: "accepted" })
      const b = await meet(url, "icontrol-2", { isUpgrading })
      const [sealed, open, odd] = [
        sealedPacket("icontrol-2", "t", state("icontrol-2", "x")),
        plain("server-9", "y"),
        unsealed("icontrol-8")
      ]
      for (const packet of [sealed, open, odd]) b.emit("sync_data", packet)
      await a.next("sync_data", 3)
      expect(a.of("sync_data").map(({ text }) => text)).toEqual([sealed, open, odd])
      expect(b.of("sync_data")).toEqual([])
    })
  }

  it("[GI-3] with one token two clients converge, with another one a third ignores what it hears", async () => {
    const { url } = await openHub(settings)
    const nodes = [
      ["icontrol-1", "secret"],
      ["icontrol-2", "secret"],
      ["icontrol-3", "other"]
    ] as const
    const clients = await Promise.all(nodes.map(([node]) => meet(url, node)))
    for (const [i, [node, token]] of nodes.entries()) {
      clients[i]!.emit("sync_data", sealedPacket(node, token, state(node, `of ${node}`)))
    }
    await Promise.all(clients.map((client) => client.next("sync_data", 2)))
    const understood = nodes.map(([node, token], i) =>
      clients[i]!.of("sync_data").flatMap((heard) => opened(node, token, heard) ?? [])
    )
    expect(understood).toEqual([[state("icontrol-2", "of icontrol-2")], [state("icontrol-1", "of icontrol-1")], []])
  })

  it("[GI-4] who comes late, or asks, gets the last packet of every other source", async () => {
    const { url } = await openHub(settings)
    const a = await meet(url, "icontrol-1")
    a.emit("sync_data", plain("icontrol-1", "old"))
    a.emit("sync_data", plain("icontrol-1", "new"))
    await pause(100)
    const b = await meet(url, "icontrol-2")
    const began = Date.now()
    expect((await b.next("sync_data")).text).toBe(plain("icontrol-1", "new"))
    expect(Date.now() - began).toBeGreaterThan(800)
    b.emit("request_sync")
    await b.next("sync_data", 2)
    b.emit("sync_data", plain("icontrol-2", "mine"))
    await a.next("sync_data")
    await pause(1_000)
    // With an argument iSync's own server fails.
    b.emit("request_sync", `{"target_peer": "icontrol-1"}`)
    expect((await a.next("sync_data", 2)).text).toBe(plain("icontrol-2", "mine"))
    const answer = await fetch(`${url}/sync_now`, { method: "POST", redirect: "manual" })
    expect(answer.status).toBe(302)
    await b.next("sync_data", 3)
    expect(new Set(b.of("sync_data").map(({ text }) => text))).toEqual(new Set([plain("icontrol-1", "new")]))
  })

  it("[GI-4][GW-3] everybody gets them again from time to time, and nobody anything once the space is sealed", async () => {
    const { seal, url } = await openAlone(make(10, { ...usual, everyMs: 150, replayMs: 60_000 }))
    const [a, b] = [await meet(url, "icontrol-1"), await meet(url, "icontrol-2")]
    a.emit("sync_data", plain("icontrol-1", "x"))
    await b.next("sync_data", 3)
    expect(a.of("sync_data")).toEqual([])
    seal()
    await until(() => a.isClosed() && b.isClosed(), 5_000)
    await expect(connect(url)).rejects.toThrow("503")
  })

  it("[GI-5] what comes before a handshake, is no packet or bears the hub's name has no effect, and the client stays", async () => {
    const { log, url } = await openHub(settings)
    const a = await meet(url, "icontrol-1")
    const stranger = await connect(url)
    const own = (await stranger.next("node_info")).argument["node_id"] as string
    stranger.emit("sync_data", plain("icontrol-7", "x"))
    stranger.emit("request_sync")
    for (const hand of [`{}`, `{"node_id": ""}`, `{"node_id": 7}`, "null", "[]", `"x"`, "{", `{"node_id": "${own}"}`]) {
      stranger.emit("peer_handshake", hand)
      await pause(1)
    }
    stranger.emit("peer_handshake", `{"node_id": "${"n".repeat(129)}"}`)
    await pause(1_000)
    expect(stranger.of("handshake_response")).toEqual([])
    stranger.emit("peer_handshake", `{"node_id": "icontrol-7"}`)
    await stranger.next("handshake_response")
    const nested = `{"source_node":"x","data":${"[".repeat(10_000)}${"]".repeat(10_000)}}`
    const wrong = [
      "null",
      "7",
      "{",
      `"text"`,
      "[]",
      "{}",
      `{"source_node": "", "data": {}}`,
      `{"source_node": "x"}`,
      `{"source_node": {"a": 1}, "data": {}}`,
      plain(own, "x"),
      `{"__proto__": {"source_node": "x"}, "data": 1}`,
      "1, 2"
    ]
    for (const text of wrong) {
      stranger.emit("sync_data", text)
      await pause(60)
    }
    stranger.emit("sync_data")
    stranger.emit("disconnect", "1")
    stranger.emit("toString", "1")
    expect(a.of("sync_data")).toEqual([])
    expect(stranger.isClosed()).toBe(false)
    // Whatever JSON holds is passed on.
    const odd = `{"source_node":"icontrol-7","data":{"__proto__":{"a":"\\ud800"},"constructor":1},"data":2}`
    for (const text of [nested, odd]) stranger.emit("sync_data", text)
    await a.next("sync_data", 2)
    expect(a.of("sync_data").map(({ text }) => text)).toEqual([nested, odd])
    expect(log().filter(({ level }) => (level as number) >= 50)).toEqual([])
  })

  it("[GI-6] as many are accepted as the settings say, and who comes again takes its place over", async () => {
    const { url } = await openHub({ isync: "on", isyncPeers: 2 })
    const a = await meet(url, "icontrol-1")
    const b = await meet(url, "icontrol-2")
    const late = await meet(url, "icontrol-3")
    expect(late.of("handshake_response")[0]!.argument["status"]).toBe("rejected")
    a.emit("sync_data", plain("icontrol-1", "x"))
    await b.next("sync_data")
    const again = await meet(url, "icontrol-2")
    expect(again.of("handshake_response")[0]!.argument["status"]).toBe("accepted")
    a.emit("sync_data", plain("icontrol-1", "y"))
    await again.next("sync_data")
    expect([b.of("sync_data").length, late.of("sync_data").length]).toEqual([1, 0])
    a.close()
    await until(
      async () =>
        ((await (await fetch(`${url}/api/stats`)).json()) as { connected_peers: number }).connected_peers === 1,
      5_000
    )
    expect((await meet(url, "icontrol-3")).of("handshake_response")[0]!.argument["status"]).toBe("accepted")
  })

  it("[GI-7] figures, the list of peers and the forms answer as at iSync's own server", async () => {
    const { url } = await openHub(settings)
    const a = await meet(url, "icontrol-1")
    a.emit("sync_data", plain("icontrol-1", "x"))
    await pause(150)
    const bytes = Buffer.byteLength(plain("icontrol-1", "x"))
    expect(await (await fetch(`${url}/api/stats`)).json()).toEqual({
      node_id: (await a.next("node_info")).argument["node_id"],
      connected_peers: 1,
      database_stats: {
        file_size_bytes: bytes,
        file_size_mb: 0,
        total_tables: 2,
        total_records: 2,
        tables: { packets: 1, peers: 1 }
      },
      sync_state: { vector_clock: { "icontrol-1": 1 }, lww_registers_count: 1, deleted_keys_count: 0 }
    })
    const peers = (await (await fetch(`${url}/isyncpeers.json`)).json()) as ReadonlyArray<object>
    expect(peers).toEqual([
      {
        name: expect.any(String) as string,
        url,
        description: expect.any(String) as string,
        location: "",
        verified: true
      }
    ])
    const body = new URLSearchParams({ peer_url: "http://169.254.169.254/" })
    const form = await fetch(`${url}/connect_peer`, { method: "POST", body, redirect: "manual" })
    expect([form.status, form.headers.get("location")]).toEqual([302, "/"])
  })

  it("[GI-8] packets are there after a restart, also what came just before the hub stopped", async () => {
    const data = temporaryFolder()
    const first = await openHub(settings, { data })
    const a = await meet(first.url, "icontrol-1")
    const large = plain("icontrol-1", "z".repeat(200_000))
    a.emit("sync_data", plain("icontrol-1", "x"))
    // Written within the next second; what comes after that waits, and is written as the hub stops.
    await pause(1_200)
    a.emit("sync_data", large)
    await pause(1_000)
    await first.stop()
    const hub = await openHub(settings, { data })
    const b = await meet(hub.url, "icontrol-2")
    expect((await b.next("sync_data")).text === large).toBe(true)
  })

  it(
    "[GI-8] what another hub writes comes to clients here, and packets are ordinary records there",
    { timeout: 40_000 },
    async () => {
      const data = temporaryFolder()
      const { peer, store } = device()
      await Effect.runPromise(TrustFile.add(data, peer))
      const hub = await openHub(settings, { data })
      const Packet = Entity.make("isync-packet", {
        sourceNode: Entity.lww(Schema.String),
        sourceType: Entity.lww(Schema.String),
        receivedAt: Entity.lww(Schema.Finite),
        content: Entity.lww(Schema.Unknown as never)
      })
      const node = await openWith(store, hub, { packet: Packet })
      const a = await meet(hub.url, "icontrol-1")
      const b = await meet(hub.url, "icontrol-2")
      a.emit("sync_data", plain("icontrol-1", "x"))
      await b.next("sync_data")
      await until(async () => (await node.packet.query({})).length === 1, 10_000)
      const [row] = await node.packet.query({})
      const content = row!["content"] as unknown as { text: string; turn: number }
      expect([row!.sourceNode, content.text]).toEqual(["icontrol-1", plain("icontrol-1", "x")])
      // As the gateway of another hub writes it.
      const text = plain("icontrol-1", "from elsewhere")
      const sha256 = createHash("sha256").update(text).digest("hex")
      const value = { ...row!, receivedAt: 9, content: { sha256, bytes: text.length, turn: 0, text } as never }
      // Until the replay behind the handshakes is over.
      await pause(1_000)
      await node.packet.put(value)
      const told = () => b.of("sync_data").filter((heard) => heard.text === text).length
      await until(() => told() === 1, 5_000)
      await pause(300)
      expect([a.of("sync_data").length, told()]).toEqual([0, 1])
    }
  )

  it("[GI-9] a client that floods comes through twenty times a second, the newest last, and others do not notice", async () => {
    const { url } = await openHub(settings)
    const [flooding, quiet, reading] = await Promise.all(
      ["icontrol-1", "icontrol-2", "icontrol-3"].map((node) => meet(url, node))
    )
    const began = Date.now()
    for (let i = 0; i < 2_000; i++) flooding!.emit("sync_data", plain("icontrol-1", `${i}`))
    quiet!.emit("sync_data", plain("icontrol-2", "still here"))
    const last = plain("icontrol-1", "1999")
    await until(() => reading!.of("sync_data").some(({ text }) => text === last), 5_000)
    await until(() => reading!.of("sync_data").some(({ text }) => text === plain("icontrol-2", "still here")), 5_000)
    const passes = Math.ceil((Date.now() - began) / 50) + 1
    expect(reading!.of("sync_data").length).toBeLessThan(passes * waitingMax + 1)
    expect(reading!.of("sync_data").at(-1)!.text === last || reading!.of("sync_data").at(-2)!.text === last).toBe(true)
  })

  it("[GI-9] of what a client sends between two passes the newest four are read", () => {
    const taken: Array<string> = []
    const ignored: Array<string> = []
    const mesh = meshOf({
      onPacket: ({ text }) => void taken.push(text),
      onIgnored: (reason) => void ignored.push(reason)
    })
    const handler = mesh.onClient({ id: "1", remote: "a", send: () => undefined, close: () => undefined })
    handler.onEvent("peer_handshake", `{"node_id":"a"}`)
    const texts = Array.from({ length: 1_000 }, (_, i) => `{"source_node":"a","data":${i}}`)
    for (const text of texts) handler.onEvent("sync_data", text)
    expect(taken).toEqual([])
    Array.from(mesh.pass())
    expect(taken).toEqual(texts.slice(-waitingMax))
    expect(ignored).toEqual(Array.from({ length: 996 }, () => "flood"))
  })

  it("[GI-9] one packet is read at a time, and others are served before the next", async () => {
    const seen: Array<string> = []
    const mesh = meshOf({ onPacket: ({ text }) => void seen.push(text) })
    const handler = mesh.onClient({ id: "1", remote: "a", send: () => undefined, close: () => undefined })
    handler.onEvent("peer_handshake", `{"node_id":"a"}`)
    const texts = [1, 2, 3, 4].map((data) => `{"source_node":"a","data":${data}}`)
    for (const text of texts) handler.onEvent("sync_data", text)
    let isOver = false
    const other = (): void => {
      if (seen.at(-1) !== "other") seen.push("other")
      if (!isOver) setImmediate(other)
    }
    setImmediate(other)
    await Effect.runPromise(stepping(mesh.pass()))
    isOver = true
    const between = seen.filter((each, at) => each !== "other" && seen[at + 1] === "other")
    expect(seen.filter((each) => each !== "other")).toEqual(texts)
    expect(between).toEqual(texts)
  })

  it("[GI-9] a client that does not read holds one packet, and then gets the newest of each source", () => {
    const sent: Array<readonly [string, string, (() => void) | undefined]> = []
    const mesh = meshOf({})
    const handler = mesh.onClient({
      id: "1",
      remote: "a",
      send: (name, text, onSent) => void sent.push([name, text, onSent]),
      close: () => undefined
    })
    handler.onEvent("peer_handshake", `{"node_id":"reader"}`)
    sent.length = 0
    const of = (source: string, n: number) => ISyncPacket.read(`{"source_node":"${source}","data":${n}}`)!
    for (let i = 0; i < 1_000; i++) for (const source of ["a", "b", "reader"]) mesh.relay(of(source, i))
    expect(sent.map(([, text]) => text)).toEqual([of("a", 0).text])
    while (sent.at(-1)![2] !== undefined && sent.length < 10) {
      const before = sent.length
      sent.at(-1)![2]!()
      if (sent.length === before) break
    }
    expect(sent.map(([, text]) => text)).toEqual([of("a", 0), of("b", 999), of("a", 999)].map(({ text }) => text))
    // Answers do not pile up either.
    for (let i = 0; i < 1_000; i++) handler.onEvent("peer_handshake", `{"node_id":"reader"}`)
    expect(sent).toHaveLength(3)
  })

  it("[GI-9] so many sources and bytes are at hand, the longest heard of make room", () => {
    const packets = new ISyncPackets()
    const of = (source: string, bytes = 10) => ({
      source,
      sourceType: "",
      text: source,
      bytes,
      registers: 0,
      deletedKeys: 0
    })
    for (let i = 0; i < sourcesMax + 10; i++) packets.take(of(`n${i}`))
    packets.take(of("n20"))
    expect([packets.size, packets.all[0]!.source, packets.all.at(-1)!.source]).toEqual([sourcesMax, "n10", "n20"])
    expect(packets.take(of("n20"))).toBe(false)
    packets.take(of("huge", bytesMax))
    expect([packets.size, packets.bytes]).toEqual([1, bytesMax])
  })

  it("[GI-10][GW-4] a page of another origin is not served, and a message above 4 MiB ends its sender only", async () => {
    const { url } = await openHub(settings)
    const polled = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, {
      headers: { origin: "https://evil.example" }
    })
    expect(polled.status).toBe(403)
    const a = await meet(url, "icontrol-1")
    const large = await meet(url, "icontrol-2")
    large.emit("sync_data", plain("icontrol-2", "x".repeat(10_000_000)))
    await until(() => large.isClosed(), 5_000)
    const polling = await meet(url, "icontrol-3", { isUpgrading: false })
    polling.emit("sync_data", plain("icontrol-3", "x".repeat(10_000_000)))
    polling.emit("sync_data", plain("icontrol-3", "small"))
    expect((await a.next("sync_data")).text).toBe(plain("icontrol-3", "small"))
  })

  it(
    "[GI-1][HB-4] the hub as people run it serves clients, counts what it ignores and stops in time",
    { timeout: 30_000 },
    async () => {
      const hub = await startHub({ data: temporaryFolder(), env: { SYNCLINE_GATEWAY_ISYNC: "1" } })
      const clients = await Promise.all(
        ["1", "2", "3", "4"].map((n) => meet(hub.url, `icontrol-${n}`, { isUpgrading: n !== "2" }))
      )
      const told = clients.map((client) => client.of("handshake_response")[0]!.argument["status"])
      expect(told.filter((status) => status === "accepted")).toHaveLength(3)
      expect(told.filter((status) => status === "rejected")).toHaveLength(1)
      clients[0]!.emit("nonsense")
      await until(async () => (await metric(hub, `syncline_gateway_isync_ignored_total{reason="event"}`)) === 1, 5_000)
      hub.child.kill("SIGTERM")
      const { code, ms } = await hub.ended()
      expect([code, ms < 2_000]).toEqual([0, true])
    }
  )
})
