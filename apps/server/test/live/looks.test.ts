/** What a team's hub keeps and tells besides records: what was written into its charter, drafts, conflicts, and what nobody tells of by itself. */
import { Orchestrator, type SyncEvent } from "@syncline/core"
import { HubStore } from "@syncline/node/hub"
import { Effect, Exit, Layer, PubSub, Scope, Stream } from "effect"
import { expect, it } from "vitest"
import * as Conflicts from "../../src/records/Conflicts.ts"
import { temporaryFolder, until } from "../hubProcess.ts"
import { listen, openLiveHub, type Person } from "./liveHub.ts"

const document = "version: 1\ntypes: {}\nrules: []\n"

const ok = async (answer: ReturnType<Person["ask"]>) => {
  const { body, status, text } = await answer
  if (status >= 300) throw new Error(text)
  return body as unknown as Record<string, never>
}

it("[HT-6] tells what was written into the charter, by whom and why, and which policy is in force", async () => {
  const hub = await openLiveHub({ policy: "enterprise" })
  const owner = await hub.owner()
  const policy = () => ok(hub.door.ask("GET", "/policy"))
  expect(await policy()).toMatchObject({ version: null, text: null, charterVersion: 1 })
  await ok(owner.ask("POST", "/members", { id: "mia", name: "Mia", role: "member", teams: [], note: "she is new" }))
  await ok(hub.door.ask("POST", "/policy/apply", { text: document }))
  expect(await policy()).toMatchObject({ version: 3, text: document, charterVersion: 3 })
  const { records } = (await ok(hub.door.ask("GET", "/charter/records"))) as unknown as {
    readonly records: ReadonlyArray<Record<string, unknown>>
  }
  expect(records.map(({ version }) => version)).toEqual([3, 2, 1])
  expect(records[0]).toMatchObject({ signer: hub.peer, operations: [{ _tag: "SetPolicy" }] })
  expect(JSON.stringify(records[0])).not.toContain("rules")
  expect(records[1]).toMatchObject({
    note: "she is new",
    behalf: expect.stringContaining("ann"),
    operations: [{ _tag: "AddMember", member: "mia", name: "Mia", role: "member" }]
  })
  expect(await ok(hub.door.ask("GET", "/charter/records?limit=1&before=3"))).toMatchObject({
    records: [{ version: 2 }]
  })
  expect(await ok(hub.door.ask("GET", "/charter/records?before=1"))).toEqual({ records: [] })
  expect((await hub.door.ask("GET", "/charter/records?before=x")).status).toBe(400)
  const token = (await ok(owner.ask("POST", "/tokens", { note: "x", scopes: ["peers:read"], days: 1 })))["secret"]
  const narrow = hub.by({ authorization: `Bearer ${String(token)}` })
  expect((await narrow.ask("GET", "/charter/records")).status).toBe(403)
  expect((await hub.by({}).ask("GET", "/policy")).status).toBe(401)
})

it("[HT-7] keeps one draft of each who may write the policy, for that person alone, until it or the account goes", async () => {
  const data = temporaryFolder()
  const hub = await openLiveHub({ policy: "enterprise", dataFolder: data })
  const owner = await hub.owner()
  const other = await hub.join(owner, "tom", "admin")
  expect((await owner.ask("GET", "/policy/draft")).status).toBe(404)
  expect(await ok(owner.ask("PUT", "/policy/draft", { text: "mine", basedOn: 1 }))).toMatchObject({ basedOn: 1 })
  await ok(other.ask("PUT", "/policy/draft", { text: "his" }))
  const { savedMs } = await ok(owner.ask("GET", "/policy/draft"))
  const [one, two] = await Promise.all(
    ["in one page", "in another"].map((text) => owner.ask("PUT", "/policy/draft", { text, replaces: savedMs }))
  )
  expect(one!.status + two!.status).toBe(200 + 409)
  expect((one!.status === 409 ? one! : two!).body).toMatchObject({ code: "DraftMoved" })
  expect((await owner.ask("PUT", "/policy/draft", { text: "the first", replaces: null })).status).toBe(409)
  await ok(owner.ask("PUT", "/policy/draft", { text: "mine" }))
  await ok(hub.door.ask("PUT", "/policy/draft", { text: "x".repeat(64 * 1024) }))
  expect((await owner.ask("PUT", "/policy/draft", { text: "x".repeat(64 * 1024 + 1) })).status).toBe(400)
  expect(await ok(owner.ask("GET", "/policy/draft"))).toMatchObject({ text: "mine" })
  expect(await ok(other.ask("GET", "/policy/draft"))).toMatchObject({ text: "his", basedOn: null })
  expect((await hub.door.ask("GET", "/policy")).body).toMatchObject({ text: null })
  const viewer = await hub.join(owner, "vera", "viewer")
  expect((await viewer.ask("GET", "/policy/draft")).status).toBe(403)
  await hub.stop()
  const again = await openLiveHub({ policy: "enterprise", dataFolder: data })
  expect(String((await again.door.ask("GET", "/policy/draft")).body["text"]).length).toBe(64 * 1024)
  expect((await again.door.ask("DELETE", "/policy/draft")).status).toBe(204)
  expect((await again.door.ask("DELETE", "/policy/draft")).status).toBe(404)
})

const conflict = (at: number): SyncEvent.SyncEvent =>
  ({
    _tag: "ConflictResolved",
    type: "task",
    header: { team: "north" },
    id: `r${at}`,
    field: "title",
    winner: "a",
    winnerAt: "0000000000020000",
    loser: "b",
    loserAt: "0000000000010000"
  }) as unknown as SyncEvent.SyncEvent

it("[HE-11] notes conflicts in order, keeps the newest 1,024 over restarts, and says how many it missed", async () => {
  const events = Effect.runSync(PubSub.unbounded<SyncEvent.SyncEvent>())
  const orchestrator = { events: Stream.fromPubSub(events) } as unknown as Orchestrator.Orchestrator["Service"]
  const store = HubStore.HubStore.layerMemory
  const rows = await Effect.runPromise(Effect.provide(HubStore.HubStore, store))
  const open = async () => {
    const scope = Effect.runSync(Scope.make())
    const layer = Conflicts.Conflicts.layer.pipe(
      Layer.provide(
        Layer.merge(Layer.succeed(HubStore.HubStore, rows), Layer.succeed(Orchestrator.Orchestrator, orchestrator))
      )
    )
    const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
    const { missed, newest } = await Effect.runPromise(Effect.provide(Conflicts.Conflicts, context))
    return {
      newest: (before?: number) => Effect.runPromise(newest(before)),
      missed: () => Effect.runPromise(missed),
      close: () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
  const publish = async (from: number, count: number) => {
    for (let at = from; at < from + count; at++) await Effect.runPromise(PubSub.publish(events, conflict(at)))
    await Effect.runPromise(Effect.sleep(20))
  }
  // As earlier versions kept it.
  const old = { atMs: 1, type: "task", id: "old", field: "title", winner: "a", loser: "b" }
  const line = JSON.stringify([{ number: 1, ...old }])
  await Effect.runPromise(rows.change(({ settings }) => settings.set(`conflicts/${"1".padStart(16, "0")}`, line)))
  const kept = await open()
  expect(await kept.newest()).toEqual([{ number: 1, ...old }])
  await kept.close()
  await Effect.runPromise(rows.change(({ settings }) => settings.remove(`conflicts/${"1".padStart(16, "0")}`)))
  const first = await open()
  await publish(1, 100)
  expect((await first.newest(2))[0]).toEqual({
    ...old,
    atMs: expect.any(Number) as number,
    number: 1,
    id: "r1",
    header: { team: "north" },
    winnerAt: "0000000000020000",
    loserAt: "0000000000010000"
  })
  expect((await first.newest()).map(({ id, number }) => [number, id]).slice(0, 2)).toEqual([
    [100, "r100"],
    [99, "r99"]
  ])
  expect((await first.newest(3)).map(({ number }) => number)).toEqual([2, 1])
  await publish(101, 7)
  await first.close()
  const second = await open()
  expect((await second.newest()).length).toBe(107)
  await publish(108, 1_500)
  await Effect.runPromise(PubSub.publish(events, { _tag: "Lagged", missed: 5 }))
  await until(async () => (await second.missed()) === 5, 2_000)
  const last = await second.newest()
  expect(last.length).toBe(Conflicts.keptMax)
  expect(last[0]!.id).toBe("r1607")
  expect(last.map(({ number }) => number)).toEqual(last.map((_, at) => last[0]!.number - at))
  await second.close()
})

it("[HP-10] tells of requests, codes, backups and the audit, each to whoever may ask for them", async () => {
  const hub = await openLiveHub({ policy: "enterprise", backupFolder: temporaryFolder() })
  const owner = await hub.owner()
  const made = await ok(owner.ask("POST", "/tokens", { note: "x", scopes: ["peers:read"], days: 1 }))
  const [all, narrow] = [listen(hub, owner), listen(hub, hub.by({ authorization: `Bearer ${String(made["secret"])}` }))]
  await until(() => all.isOpen() && narrow.isOpen(), 3_000)
  const grown = () => all.told.flatMap(({ event }) => (event._tag === "AuditGrew" ? [event.upto] : []))
  await until(() => all.tags().includes("BackupChanged") && grown().length > 0, 20_000)
  const before = grown().at(-1)!
  await ok(owner.ask("POST", "/backups", {}))
  await until(() => all.tags().filter((tag) => tag === "BackupChanged").length > 1 && grown().at(-1)! > before, 20_000)
  expect(narrow.tags()).not.toContain("BackupChanged")
  expect(narrow.tags()).not.toContain("AuditGrew")
})
