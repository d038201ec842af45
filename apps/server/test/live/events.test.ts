/** Live events of a hub: who is let in, what each hears, and when it ends. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import {
  AuditStore,
  DeviceKey,
  type Journal,
  Journal as Journals,
  Orchestrator,
  type Partition,
  PeerId,
  Records,
  SpaceKeys,
  SyncEvent
} from "@syncline/core"
import { type AdminLive, AdminScope } from "@syncline/core/admin"
import { Context, Effect, Exit, Layer, PubSub, Scope, Stream } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { Backups, type BackupsShape } from "../../src/backup/Backups.ts"
import { PairingKeeper, type PairingKeeperShape } from "../../src/team/PairingKeeper.ts"
import { LiveFeed, waitingMax } from "../../src/live/LiveFeed.ts"
import * as LiveSocket from "../../src/live/LiveSocket.ts"
import * as TrustedProxies from "../../src/http/TrustedProxies.ts"
import * as LiveView from "../../src/live/LiveView.ts"
import { policyOf } from "../rest/recordsWorld.ts"
import { until } from "../hubProcess.ts"
import { knock, listen, openLiveHub } from "./liveHub.ts"

describe("who listens", () => {
  it("[HP-4] people, tokens and the hub's machine are let in, nobody else, and no page of another origin", async () => {
    const hub = await openLiveHub()
    const owner = await hub.owner()
    const made = await owner.ask("POST", "/tokens", { note: "x", scopes: ["peers:read"], days: 1 })
    const token = { authorization: `Bearer ${made.body["secret"]}` }
    for (const shown of [owner.shown, token, hub.door.shown]) expect(await knock(hub, shown)).toBe(101)
    const { cookie = "" } = owner.shown
    for (const [shown, status] of [
      [{}, 401],
      [{ cookie: "__Host-syncline=x", origin: hub.url }, 401],
      [{ authorization: "Bearer x", cookie }, 401],
      [{ cookie }, 403],
      [{ cookie, origin: "https://evil.example" }, 403],
      [{ cookie, origin: hub.url, "sec-fetch-site": "cross-site" }, 403],
      [{ cookie, origin: "null" }, 403]
    ] as const) {
      expect([shown, await knock(hub, shown)]).toEqual([shown, status])
    }
    expect((await fetch(`${hub.url}/api/v1/events/?EIO=4&transport=polling`)).status).toBe(404)
  })

  it("[HP-4] a listener ends within a second when its session, its token or its account does, and others do not", async () => {
    const hub = await openLiveHub()
    const owner = await hub.owner()
    const viewer = await hub.join(owner, "vic", "viewer")
    const made = await owner.ask("POST", "/tokens", { note: "x", scopes: ["peers:read"], days: 1 })
    const byToken = hub.by({ authorization: `Bearer ${made.body["secret"]}` })
    const vics = await viewer.ask("POST", "/tokens", { note: "x", scopes: ["peers:read"], days: 1 })
    const byVics = hub.by({ authorization: `Bearer ${vics.body["secret"]}` })
    const listeners = [owner, viewer, byToken, hub.door, byVics].map((person) => listen(hub, person))
    const [ofOwner, ofViewer, ofToken, ofDoor, ofVics] = listeners
    await until(() => listeners.every(({ isOpen }) => isOpen()), 3_000)
    const { id } = made.body["token"] as unknown as { readonly id: string }
    expect((await owner.ask("DELETE", `/tokens/${id}`)).status).toBe(204)
    await until(() => ofToken!.isOver(), 1_000)
    const accounts = (await owner.ask("GET", "/accounts")).body["items"] as unknown as ReadonlyArray<{
      id: string
      name: string
    }>
    const vic = accounts.find(({ name }) => name === "vic")!
    expect((await owner.ask("PATCH", `/accounts/${vic.id}`, { isDisabled: true })).status).toBe(200)
    await until(() => ofViewer!.isOver() && ofVics!.isOver(), 1_000)
    expect([ofOwner!.isOver(), ofDoor!.isOver()]).toEqual([false, false])
    expect((await owner.ask("DELETE", "/session")).status).toBe(204)
    await until(() => ofOwner!.isOver(), 1_000)
    expect(await knock(hub, owner.shown)).toBe(401)
    expect(ofDoor!.isOver()).toBe(false)
    await hub.stop()
    await until(() => ofDoor!.isOver(), 1_000)
  })
})

describe("what stands in between", () => {
  it("[HP-4] [HO-3] the stream is found below the hub's public path, and its origin counts as the hub's own", async () => {
    const edge = { publicUrl: "https://example.com/team", trustedProxies: ["127.0.0.1"], tls: undefined }
    const hub = await openLiveHub({ edge })
    const owner = await hub.owner()
    const shown = { ...owner.shown, origin: "https://example.com" }
    for (const url of [hub.url, `${hub.url}/team`]) {
      expect([url, await knock({ url }, shown)]).toEqual([url, 101])
      expect([url, await knock({ url }, { ...shown, origin: "https://example.org" })]).toEqual([url, 403])
    }
  })

  it("[HP-4] a listener ends when its session is over by time, which nobody tells", async () => {
    const server = createServer()
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    let isOver = false
    const account = { id: "a", name: "ann", role: "owner", member: undefined } as const
    const session = { kind: "session", account, session: "s", signedInMs: 0 } as const
    const { open, publish } = await feedOf()
    const scope = Effect.runSync(Scope.make())
    onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
    const opening = LiveSocket.open(server, {
      identify: { of: () => Effect.sync(() => (isOver ? undefined : session)), ended: Stream.never },
      feed: { listen: () => Effect.promise(open) },
      proxies: TrustedProxies.make(["127.0.0.1"]),
      publicOrigin: undefined,
      askAgainMs: 50
    })
    await Effect.runPromise(Scope.provide(opening, scope))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    // As a proxy with a certificate says it.
    const shown = {
      origin: "https://hub.example.com",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "hub.example.com"
    }
    expect(await knock({ url }, { origin: shown.origin })).toBe(403)
    const listener = listen({ url }, { shown })
    await until(() => listener.isOpen(), 2_000)
    await publish(1)
    await until(() => listener.told.length === 1, 2_000)
    expect(listener.isOver()).toBe(false)
    isOver = true
    await until(() => listener.isOver(), 1_500)
  })
})

/** A hub of a team: mia is of the team north and reads its tasks, adam manages the space. */
const teamHub = async () => {
  const hub = await openLiveHub({ policy: "enterprise" })
  const owner = await hub.owner()
  const reads = { id: "reads", effect: "allow", actions: ["read"], types: ["task"], to: { teams: ["north"] } }
  const where = [{ field: "team", op: "eq", value: "north" }]
  for (const operations of [
    [
      { _tag: "SetTeam", team: "north", name: "North" },
      { _tag: "AddMember", member: "mia", name: "Mia", role: "member", teams: ["north"] }
    ],
    [policyOf({ ...reads, where })]
  ]) {
    const written = await hub.door.ask("POST", "/charter/records", { operations })
    if (written.status !== 200) throw new Error(written.text)
  }
  const mia = await hub.join(owner, "mia", "admin", "mia")
  const nobody = await hub.join(owner, "nobody", "admin")
  return { hub, owner, mia, nobody }
}

const updates = ({ told }: { readonly told: ReadonlyArray<AdminLive.Told> }) =>
  told.flatMap(({ event }) => (event._tag === "EntitiesUpdated" ? [event] : []))

describe("what is heard", () => {
  it("[HP-5] nobody hears of a record that its member may not read, and not at all once it may not any more", async () => {
    const { hub, mia, nobody, owner } = await teamHub()
    const listeners = [owner, mia, nobody].map((person) => listen(hub, person))
    const [ofOwner, ofMia, ofNobody] = listeners
    await until(() => listeners.every(({ isOpen }) => isOpen()), 3_000)
    const put = async (team: string, title: string) => {
      const made = await hub.door.ask("POST", "/entities/task", { header: { team }, fields: { title } })
      expect([made.status, made.text]).toEqual([201, made.text])
      return made.body["id"] as unknown as string
    }
    const south = await put("south", "hidden")
    const north = await put("north", "shown")
    await until(() => updates(ofOwner!).length === 2 && updates(ofMia!).length === 1, 3_000)
    expect(updates(ofOwner!).map(({ ids }) => ids)).toEqual([[south], [north]])
    expect(updates(ofMia!)).toEqual([{ _tag: "EntitiesUpdated", peer: null, type: "task", ids: [north], count: 1 }])
    expect(JSON.stringify(ofMia!.told)).not.toContain(south)
    expect(
      (
        await hub.door.ask(
          "DELETE",
          `/entities/task/${north}?header=${encodeURIComponent(JSON.stringify({ team: "north" }))}`
        )
      ).status
    ).toBeLessThan(300)
    await until(() => updates(ofMia!).length === 2, 3_000)

    const leaving = { operations: [{ _tag: "SetMemberTeams", member: "mia", teams: [] }] }
    const left = await hub.door.ask("POST", "/charter/records", leaving)
    expect([left.status, left.text]).toEqual([200, left.text])
    await until(() => ofMia!.tags().includes("CharterChanged"), 3_000)
    await put("north", "too late")
    await until(() => updates(ofOwner!).length === 4, 3_000)
    expect(updates(ofMia!).length).toBe(2)
    expect(updates(ofNobody!)).toEqual([])
    expect(ofMia!.told.map(({ seq }) => seq)).toEqual(ofMia!.told.map((_, i) => i + 1))
  })

  const peer = PeerId.fromPublicKey(new Uint8Array(32).fill(1))
  const north: Partition.Partition = { type: "task", header: { team: "north" } }
  const south: Partition.Partition = { type: "task", header: { team: "south" } }
  const all = new Set(AdminScope.scopes)
  const some: LiveView.Ears = { scopes: all, isAll: false, sees: ({ header }) => header["team"] === "north" }
  const everything: LiveView.Ears = { scopes: all, isAll: true, sees: () => true }
  const none: LiveView.Ears = { scopes: new Set(), isAll: true, sees: () => true }
  const loss = { entities: 1, kept: 0, rule: "r", because: "b" }
  const conflict = {
    _tag: "ConflictResolved",
    ...north,
    id: "1",
    field: "title",
    winner: "a",
    winnerAt: "0000000000020000",
    loser: "b",
    loserAt: "0000000000010000"
  } as const

  it("[HP-5] of a conflict, a fork, a rejection and a loss of access each hears what lies where it reads", () => {
    const heard = (event: SyncEvent.SyncEvent, ...partitions: ReadonlyArray<Partition.Partition>) =>
      [some, everything, none].map((ears) => LiveView.ofEvent(event, ears, partitions))
    expect(heard(conflict, north)).toEqual([conflict, conflict, undefined])
    // Another record has its id, and whoever reads that alone hears nothing.
    expect(heard(conflict, north, south)).toEqual([conflict, conflict, undefined])
    const elsewhere = { ...conflict, ...south }
    expect(heard(elsewhere, north, south)).toEqual([undefined, elsewhere, undefined])
    expect(heard(conflict, south)).toEqual([undefined, conflict, undefined])
    expect(heard(conflict)).toEqual([undefined, conflict, undefined])
    const changed = {
      _tag: "AccessChanged",
      lost: [
        { ...north, ...loss },
        { ...south, ...loss }
      ],
      gained: [south]
    } as const
    expect(heard(changed)).toEqual([{ ...changed, lost: [{ ...north, ...loss }], gained: [] }, changed, undefined])
    expect(heard({ ...changed, lost: [{ ...south, ...loss }] })[0]).toBe(undefined)
    const fork = { _tag: "ForkDetected", author: "a", type: "task", id: "1" } as const
    const rejected = {
      _tag: "WriteRejected",
      peer,
      commit: "c",
      code: "x",
      rule: "r",
      policyVersion: 1,
      because: "b"
    } as const
    for (const event of [fork, rejected]) expect(heard(event)).toEqual([undefined, event, undefined])
    expect(heard({ _tag: "Lagged", missed: 3 })).toEqual(Array(3).fill({ _tag: "Missed", count: 3 }))
  })

  it("[HP-5] whoever lacks the right to read peers or records hears nothing of them", () => {
    const change: Journal.JournalChange = {
      head: 1,
      source: peer,
      entities: Array.from({ length: 250 }, (_, i) => ({
        ...(i % 2 === 0 ? north : south),
        id: `t${i}`,
        isDeleted: false
      }))
    }
    expect(LiveView.ofChange(change, none)).toEqual([])
    const [own] = LiveView.ofChange(change, some)
    expect(own).toMatchObject({ _tag: "EntitiesUpdated", count: 125 })
    expect((own as { readonly ids: ReadonlyArray<string> }).ids.every((id) => Number(id.slice(1)) % 2 === 0)).toBe(true)
    expect(LiveView.ofChange(change, everything)).toMatchObject([{ count: 250 }])
    const [linked, moved] = [
      { _tag: "PeerConnected", peer, route: "x" },
      { _tag: "QuarantineLeft", reason: "Denied", how: "released", commits: 1 }
    ] as const
    const only = (scope: AdminScope.AdminScope): LiveView.Ears => ({ ...everything, scopes: new Set([scope]) })
    expect(LiveView.ofEvent(linked, only("peers:read"), [])).toBe(linked)
    expect(LiveView.ofEvent(linked, only("records:read"), [])).toBe(undefined)
    expect(LiveView.ofEvent(moved, only("records:read"), [])).toBe(moved)
    expect(LiveView.ofEvent(moved, only("peers:read"), [])).toBe(undefined)
    expect(LiveView.ofEvent({ _tag: "HookFailed", hook: "h", head: 1, problem: "p" }, only("peers:read"), [])).toBe(
      undefined
    )
  })
})

/** A feed of events that the test publishes. */
const feedOf = async () => {
  const events = Effect.runSync(PubSub.unbounded<SyncEvent.SyncEvent>())
  const orchestrator = { events: Stream.fromPubSub(events), status: Effect.never } as unknown
  const services = Context.make(Orchestrator.Orchestrator, orchestrator as Orchestrator.Orchestrator["Service"]).pipe(
    Context.add(Journals.Journal, { changes: Stream.never } as unknown as Journals.JournalShape),
    Context.add(Records.Records, {} as Records.Records["Service"]),
    Context.add(SpaceKeys.SpaceKeys, {} as SpaceKeys.SpaceKeysShape),
    Context.add(DeviceKey.DeviceKey, {} as DeviceKey.DeviceKey["Service"]),
    Context.add(AuditStore.AuditStore, { ends: Effect.never } as unknown as AuditStore.AuditStoreShape),
    Context.add(Backups, { runs: Effect.succeed([]) } as unknown as BackupsShape),
    Context.add(PairingKeeper, { pending: Effect.never } as unknown as PairingKeeperShape)
  )
  const scope = Effect.runSync(Scope.make())
  onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const layer = Layer.provide(LiveFeed.layer, Layer.succeedContext(services))
  const feed = Context.get(await Effect.runPromise(Layer.buildWithScope(layer, scope)), LiveFeed)
  const peer = PeerId.fromPublicKey(new Uint8Array(32).fill(1))
  const publish = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await Effect.runPromise(PubSub.publish(events, { _tag: "SyncStarted", peer, theirs: i }))
    }
    await Effect.runPromise(Effect.sleep(50))
  }
  const open = () => Effect.runPromise(Scope.provide(feed.listen({ kind: "door" }), scope))
  return { open, publish }
}

describe("who is too slow", () => {
  it("[HP-4] loses the oldest and is told how many, and nobody else loses anything", async () => {
    const { open, publish } = await feedOf()
    const [slow, quick] = [await open(), await open()]
    const heard: Array<AdminLive.Told> = []
    const reading = Effect.runFork(Effect.forever(Effect.map(quick, (told) => heard.push(told))))
    await publish(waitingMax + 44)
    expect(heard.map(({ event }) => (event as { readonly theirs: number }).theirs)).toEqual(
      Array.from({ length: waitingMax + 44 }, (_, i) => i)
    )
    const [missed, first] = [await Effect.runPromise(slow), await Effect.runPromise(slow)]
    expect(missed).toMatchObject({ seq: 1, event: { _tag: "Missed", count: 44 } })
    expect(first).toMatchObject({ seq: 2, event: { _tag: "SyncStarted", theirs: 44 } })
    for (let i = 1; i < waitingMax; i++) await Effect.runPromise(slow)
    await publish(1)
    expect(await Effect.runPromise(slow)).toMatchObject({ seq: waitingMax + 2, event: { theirs: 0 } })
    reading.interruptUnsafe()
  })

  it("[HP-4] an account has a bounded number of listeners", async () => {
    const hub = await openLiveHub()
    const owner = await hub.owner()
    const listeners = []
    for (let i = 0; i < LiveSocket.listenersOfAccountMax; i++) {
      const one = listen(hub, owner)
      await until(() => one.isOpen(), 1_000, 1)
      listeners.push(one)
    }
    expect(await knock(hub, owner.shown)).toBe(429)
    expect(await knock(hub, hub.door.shown)).toBe(101)
    listeners[0]!.close()
    await until(async () => (await knock(hub, owner.shown)) === 101, 2_000)
  })
})
