/**
 * A team's hub with an honest lead's device on it, and members of the north whose sessions are spoken by hand: one that may
 * write, one that only reads, one that is to be removed, and one that carries what others give it. What the hub has, and
 * what it says of itself, is read from outside.
 */
import { Author, Commit, Crypto, Entity, Journal, Partition, StateHash } from "@syncline/core"
import { createNode, NodeCrypto, Schema, SqliteJournal } from "@syncline/node"
import { enterprise } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { Effect } from "effect"
import { expect, onTestFinished } from "vitest"
import { identity } from "./hostileClient.ts"
import { device, type HubProcess, startHub, temporaryFolder, until } from "./hubProcess.ts"
import { ask, joining, team, write } from "./localDoor.ts"
import { MemberByHand } from "./memberByHand.ts"
import { type Loot, policyText } from "./misdeeds.ts"

const header = { header: ["team"] } as const
const Task = Entity.make(
  "task",
  {
    team: Entity.lww(Schema.String),
    title: Entity.lww(Schema.String)
  },
  header
)
const Note = Entity.make("note", { team: Entity.lww(Schema.String), title: Entity.lww(Schema.String) }, header)

/** A lead's device as people run one. */
export const openLead = async (store: string, hub: Pick<HubProcess, "peer" | "url">) => {
  const node = await createNode({
    space: "home",
    store,
    entities: { task: Task, note: Note },
    policy: enterprise({ introducer: hub.peer }),
    transports: [socketIo()],
    routes: [{ address: hub.url, peer: hub.peer }],
    retryMsMin: 200,
    retryMsMax: 500
  })
  onTestFinished(() => node.close())
  return node
}

type Lead = Awaited<ReturnType<typeof openLead>>

/** Stands in every record that members of the north must not see. */
export const secret = "southern secret"
const records = 12
const numbers = Array.from({ length: records }, (_, i) => i)

/** Records of both teams, one commit each, and one that is gone again. */
const fill = async (lead: Lead): Promise<void> => {
  for (const i of numbers) {
    await lead.task.put({ id: `t${i}`, team: "north", title: `task ${i}` })
    await lead.note.put({ id: `n${i}`, team: "north", title: `note ${i}` })
    await lead.task.put({ id: `s${i}`, team: "south", title: `${secret} ${i}` })
    await lead.note.put({ id: `sn${i}`, team: "south", title: `${secret} ${i}` })
  }
  await lead.note.put({ id: "gone", team: "north", title: "gone" })
  await lead.note.delete("gone")
}

/** What everybody can read of the hub's folder, and what its charter is. */
export const standingOf = (data: string) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* SqliteJournal.openReadOnly({ folder: data })
        const { head, rows } = yield* journal.partitions
        const state = yield* StateHash.compute().pipe(
          Effect.provideService(Journal.Journal, journal),
          Effect.provideService(Crypto.Crypto, NodeCrypto.functions)
        )
        return { ...state, head, partitions: rows.map(({ partition }) => Partition.key(partition)) }
      })
    )
  )

export const charterOf = async (data: string) => (await ask(data, "charter")).body

export const besiege = async () => {
  const data = temporaryFolder()
  const hub = await startHub({ data, env: team })
  const [hana, hugo] = [device(), device()]
  const [mal, rita, rex, cara] = [identity(), identity(), identity(), identity()]
  const teams = ["north", "south"].map((name) => ({ _tag: "SetTeam", team: name, name }))
  const lead = { _tag: "SetRole", role: "lead", name: "Lead", level: 60 }
  const members = [
    ...joining("hana", "lead", hana.peer, "north", "south"),
    ...joining("hugo", "lead", hugo.peer, "north", "south"),
    ...joining("mal", "member", mal.peer, "north"),
    ...joining("rita", "readonly", rita.peer, "north"),
    ...joining("rex", "member", rex.peer, "north"),
    ...joining("cara", "member", cara.peer, "north")
  ]
  expect(await write(data, ...teams, lead, ...members)).toMatchObject({ status: 200 })
  expect(await ask(data, "policy/apply", { text: policyText })).toMatchObject({ status: 200 })
  const honest = await openLead(hana.store, hub)
  const isSynced = async () => (await honest.status()).peers[0]?.state === "synced"
  await until(isSynced, 10_000)
  await fill(honest)
  await until(isSynced, 10_000)
  return { data, hub, honest, newcomer: hugo.store, mal, rita, rex, cara }
}

/** What a member of the north can make use of once the hub has sent it what it may read. */
export const lootOf = async (member: MemberByHand, own: string): Promise<Loot> => {
  await until(() => member.commits.length >= 2 * records + 2, 10_000)
  const opened = member.commits.map((bytes) => Commit.open(bytes) as Commit.PackedCommit)
  const { authors } = opened[0]!.header
  expect(Author.peer(authors[0]!)).not.toBe(member.as.peer)
  return {
    commits: [...member.commits],
    writer: authors[0]!,
    tasks: numbers.map((i) => `t${i}`),
    notes: numbers.map((i) => `n${i}`),
    deleted: "gone",
    own,
    south: numbers.map((i) => `s${i}`)
  }
}

/** Every line of a family of metrics, by its labels. */
export const family = async ({ url }: Pick<HubProcess, "url">, name: string): Promise<ReadonlyMap<string, number>> => {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, "gm"))
  return new Map(Array.from(lines, ([, labels = "", value]) => [labels, Number(value)]))
}

export interface AuditLine {
  readonly number: number
  readonly action: string
  readonly detail: string
  readonly times: number
  readonly decision: { readonly rule: string; readonly because: string; readonly allowed: boolean }
}

/** All refusals of a peer, the newest first. */
export const denials = async (data: string, peer: string): Promise<ReadonlyArray<AuditLine>> => {
  const found: Array<AuditLine> = []
  for (let before = ""; ;) {
    const { body } = await ask(data, `audit?denied=true&limit=1000&peer=${peer}${before}`)
    const entries = body["entries"] as unknown as ReadonlyArray<AuditLine>
    if (entries.length === 0) return found
    found.push(...entries)
    before = `&before=${entries.at(-1)!.number}`
  }
}
