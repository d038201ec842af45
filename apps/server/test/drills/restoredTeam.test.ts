/**
 * A team's hub whose charter is set back, or damaged, with devices that have gone on since.
 */
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Charter, Gate, Orchestrator } from "@syncline/core"
import { nodeLayer, SqliteCharter } from "@syncline/node"
import { enterprise } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { Context, Effect, Layer, type Scope } from "effect"
import { expect, it } from "@effect/vitest"
import { device, failHub, type HubProcess, startHub, temporaryFolder, until } from "../hubProcess.ts"
import { ask, joining, team, write } from "../localDoor.ts"
import { freePort, settleMsMax, stop } from "./hubSite.ts"

const limitMs = 120_000

/** A device that runs until its scope closes. */
const open = Effect.fnUntraced(function* (folder: string, hub: HubProcess) {
  const layer = nodeLayer({
    folder,
    space: "home",
    policy: enterprise({ introducer: hub.peer }),
    transports: [socketIo()],
    routes: [{ address: hub.url, peer: hub.peer as never }]
  })
  const services = (yield* Layer.build(layer)) as Context.Context<
    Charter.Charter | Gate.Gate | Orchestrator.Orchestrator
  >
  yield* Context.get(services, Orchestrator.Orchestrator).send({ _tag: "Start" })
  return { charter: Context.get(services, Charter.Charter), gate: Context.get(services, Gate.Gate) }
})

const isSo = (test: () => boolean | Promise<boolean>) => Effect.promise(() => until(test, settleMsMax, 100))

const versionAt = async (data: string): Promise<number> => Number((await ask(data, "charter")).body["version"])

const setTeam = (name: string) => ({ _tag: "SetTeam", team: name, name }) as const

/** A hub at one port with olga, an owner, adam, an admin, and eve. */
const site = Effect.promise(async () => {
  const data = temporaryFolder()
  const port = String(await freePort())
  const start = () => startHub({ data, env: { ...team, SYNCLINE_PORT: port } })
  const [olga, adam, eve] = [device(), device(), device()]
  const hub = await start()
  const added = await write(
    data,
    ...joining("olga", "owner", olga.peer),
    ...joining("adam", "admin", adam.peer),
    ...joining("eve", "member", eve.peer)
  )
  expect(added.status).toBe(200)
  return { data, start, hub, olga, adam }
})

const knows = (hub: HubProcess, folder: string, version: number): Effect.Effect<void, unknown, Scope.Scope> =>
  Effect.flatMap(open(folder, hub), ({ charter }) => isSo(() => charter.state().version === version))

it.live(
  "[HB-77] [CH-67] [CH-68] a team's hub that was set back learns what it had decided, and everybody writes on",
  () =>
    Effect.gen(function* () {
      const { adam, data, hub, olga, start } = yield* site
      yield* Effect.scoped(knows(hub, adam.store, 2))
      yield* Effect.promise(() => stop(hub))
      const backup = join(temporaryFolder(), "yesterday")
      cpSync(data, backup, { recursive: true })
      const today = yield* Effect.promise(start)
      yield* Effect.promise(() => write(data, { _tag: "RemoveMember", member: "eve" }))
      yield* Effect.scoped(knows(today, olga.store, 3))
      yield* Effect.promise(() => stop(today))
      renameSync(data, `${data}-replaced`)
      cpSync(backup, data, { recursive: true })
      rmSync(`${data}-replaced`, { recursive: true })

      const restored = yield* Effect.promise(start)
      expect((yield* Effect.promise(() => write(data, setTeam("west")))).status).toBe(200)
      const [ofOlga, ofAdam] = [yield* open(olga.store, restored), yield* open(adam.store, restored)]
      yield* isSo(async () => (await versionAt(data)) === 4)
      yield* isSo(() => ofAdam.charter.state().version === 4)
      const all = [ofOlga, ofAdam]
      for (const { charter } of all) {
        expect(charter.state().members.has("eve")).toBe(false)
        expect(charter.state().teams.has("west")).toBe(true)
      }
      expect((yield* ofOlga.charter.write([setTeam("east")])).version).toBe(5)
      yield* isSo(() => ofAdam.charter.state().version === 5)
      expect((yield* ofAdam.charter.write([setTeam("far-east")])).version).toBe(6)
      expect((yield* Effect.promise(() => write(data, setTeam("south")))).status).toBe(200)
      yield* isSo(() => all.every(({ charter }) => charter.state().version === 7))
      expect((yield* ofOlga.charter.write([setTeam("north")])).version).toBe(8)
      expect(yield* Effect.promise(() => versionAt(data))).toBe(8)
    }).pipe(Effect.scoped),
  limitMs
)

it.live(
  "[HB-78] [SC-3] [CH-66] with a damaged charter no hub starts, and a device without one takes it from the hub",
  () =>
    Effect.gen(function* () {
      const { data, hub, olga, start } = yield* site
      yield* Effect.promise(() => write(data, { _tag: "RemoveMember", member: "eve" }))
      yield* Effect.scoped(knows(hub, olga.store, 3))
      yield* Effect.promise(() => stop(hub))
      const file = SqliteCharter.charterFile(data)
      const sound = readFileSync(file)
      const [, , removal] = yield* SqliteCharter.readOnly(data)
      const damaged = Buffer.from(sound)
      damaged[sound.indexOf(removal!) + 60]! ^= 1
      writeFileSync(file, damaged)
      const { code, log } = yield* Effect.promise(() => failHub({ data, env: team }))
      expect(code).not.toBe(0)
      expect(log).toMatch(/charter\.db is damaged \(record 3 of 3: .*\); restore a backup .* never on the hub itself/)
      writeFileSync(file, sound)

      // A device may give its charter up: it meets nobody but the hub, and then all is as before.
      rmSync(SqliteCharter.charterFile(olga.store))
      const north = { type: "task", header: {} }
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { charter, gate } = yield* open(olga.store, hub)
          expect(charter.state().version).toBe(0)
          expect((yield* gate.admits(hub.peer as never)).allowed).toBe(true)
          expect((yield* gate.admits(olga.peer as never)).allowed).toBe(false)
          expect((yield* gate.canRead(north)).allowed).toBe(false)
          expect(yield* gate.mustForget(north)).toBe(undefined)
          const again = yield* Effect.promise(start)
          expect(again.peer).toBe(hub.peer)
          yield* isSo(() => charter.state().version === 3)
          expect(charter.state().members.has("eve")).toBe(false)
          expect((yield* gate.canRead(north)).allowed).toBe(true)
        })
      )
    }).pipe(Effect.scoped),
  limitMs
)
