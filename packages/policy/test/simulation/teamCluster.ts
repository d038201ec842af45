/**
 * A team in simulated time: a hub and its members' devices, or devices without a hub that are all linked with each other;
 * links that fail, devices that crash, and rights that come and go while everybody writes. Nodes run the engine as it is;
 * every frame is looked at when it is sent. What goes wrong when is `teamFaults`' to say.
 */
import { hash } from "node:crypto"
import {
  Bytes,
  Charter,
  type CharterOperation,
  type CharterState,
  CharterStore,
  Entity,
  Gate,
  Journal,
  Records,
  SpaceId
} from "@syncline/core"
import {
  FaultCounts,
  FaultPlan,
  SeededRandom,
  SimulatedCrypto,
  SimulatedNetwork,
  SimulatedNode,
  SimulatedTime
} from "@syncline/core/testing"
import { Effect, Layer, Schema, Stream } from "effect"
import { isOwner } from "../referenceTeam.ts"
import { gateLayer } from "../../src/EnterprisePolicy.ts"
import * as PolicyDraft from "../../src/PolicyDraft.ts"
import { WireWatch } from "./wireWatch.ts"

type Operation = CharterOperation.CharterOperation

const startMs = 1_800_000_000_000
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash("sha256", bytes, "buffer"))
const space = SpaceId.fromName(sha256, "team simulation")

export const teams = ["north", "south", "west"] as const

/** A record of a team, which chooses its partition. */
export const Task = Entity.make(
  "task",
  { team: Entity.lww(Schema.String), title: Entity.lww(Schema.String), salary: Entity.lww(Schema.Number) },
  { header: ["team"] }
)

export interface TeamNode {
  readonly host: number
  readonly member: string
  readonly node: SimulatedNode.SimulatedNode
  /** The charter of the present run. */
  charter: Charter.CharterShape | undefined
  /** The records of its charter, in the order in which they came. */
  readonly records: ReadonlyArray<Uint8Array>
  /** What its charter has said so far, the newest last. */
  readonly states: Array<CharterState.CharterState>
  /** Ids of commits that were confirmed to the writer, with what they wrote. */
  readonly written: Map<string, string>
}

export interface TeamCluster {
  readonly random: SeededRandom.SeededRandom
  readonly time: SimulatedTime.SimulatedTime
  readonly network: SimulatedNetwork.SimulatedNetwork
  /** The first is the hub, or who founds a space without one. */
  readonly nodes: ReadonlyArray<TeamNode>
  readonly watch: WireWatch
  readonly isHubless: boolean
  isFaulty: boolean
}

const timing = { greetingMsMax: 3_000, progressMsMax: 3_000, proofPeriodMs: 60_000, pingAfterMs: 2_000, tickMs: 1_000 }

const plan: FaultPlan.FaultPlan = { ...FaultPlan.defaultPlan, nodes: 5 }

/** Nodes that are not started yet. Without a hub each dials all that stand before it. */
export const makeCluster = (seed: number, time: SimulatedTime.SimulatedTime, isHubless = false): TeamCluster => {
  const random = new SeededRandom.SeededRandom(seed)
  const world = new SimulatedCrypto.SimulatedCrypto(sha256)
  const faults = new FaultCounts.FaultCounts()
  const nodes: Array<TeamNode> = []
  const watch = new WireWatch(nodes)
  const network = new SimulatedNetwork.SimulatedNetwork({
    plan,
    random: new SeededRandom.SeededRandom(seed, 1),
    time,
    faults,
    witness: (from, to, frame) => watch.look(from, to, frame)
  })
  const keys = Array.from({ length: plan.nodes }, (_, host) =>
    world.makeDevice(new SeededRandom.SeededRandom(seed, 100 + host))
  )
  for (let host = 0; host < plan.nodes; host++) {
    const own = new SeededRandom.SeededRandom(seed, 200 + host)
    const functions = world.functions(own)
    // They outlive each run of the node.
    const records: Array<Uint8Array> = []
    const charter = Charter.layer({ space, ...PolicyDraft.charterChecks }).pipe(
      Layer.provide(CharterStore.CharterStore.layerMemory(records)),
      Layer.orDie
    )
    const noticed = Layer.effectDiscard(notice(() => nodes[host]!))
    const introducer = host === 0 ? undefined : keys[0]!.peer
    const rules = Layer.merge(gateLayer({ introducer }), noticed).pipe(Layer.provideMerge(charter))
    const routes = isHubless ? Array.from({ length: host }, (_, other) => other) : routesToHub(host, random)
    const node = new SimulatedNode.SimulatedNode({
      host,
      network,
      space,
      crypto: functions,
      device: keys[host]!,
      skewMs: 0,
      rules,
      faults,
      incarnation: Bytes.toHex(functions.randomBytes(8)),
      commitDelayMs: random.between(1, 20),
      orchestrator: {
        routes: routes.map((route) => ({ address: network.address(route) })),
        releaseEveryMs: 2_000,
        retryMsMin: 250,
        retryMsMax: 2_000,
        timing
      }
    })
    const member = host === 0 ? "owner" : `m${host}`
    const seen = { states: [], written: new Map<string, string>() }
    nodes.push({ host, member, node, charter: undefined, records, ...seen })
  }
  return { random, time, network, nodes, watch, isHubless, isFaulty: true }
}

const routesToHub = (host: number, random: SeededRandom.SeededRandom): ReadonlyArray<number> =>
  host === 0 ? [] : host > 1 && random.chance(0.5) ? [0, host - 1] : [0]

/** Keeps the charter of a run, and what it says. */
const notice = Effect.fnUntraced(function* (of: () => TeamNode) {
  const node = of()
  const charter = yield* Charter.Charter
  node.charter = charter
  node.states.push(charter.state())
  yield* charter.changes.pipe(
    Stream.runForEach((state) => Effect.sync(() => void node.states.push(state))),
    Effect.forkScoped
  )
})

export const makeTime = (): SimulatedTime.SimulatedTime => new SimulatedTime.SimulatedTime(startMs)

/** Founds the space, with the teams and everybody in some. */
export const found = Effect.fnUntraced(function* ({ isHubless, nodes, random }: TeamCluster) {
  const [hub, ...members] = nodes
  const { publicKey } = hub!.node.options.device
  const write = (operations: ReadonlyArray<Operation>) => Effect.orDie(hub!.charter!.write(operations))
  yield* write([
    {
      _tag: "Found",
      name: "team",
      hub: isHubless ? null : publicKey,
      member: "owner",
      memberName: "Owner",
      device: publicKey,
      deviceName: "hub"
    }
  ])
  yield* write(teams.map((team) => ({ _tag: "SetTeam", team, name: team })))
  yield* write(
    members.flatMap(({ host, member, node }): ReadonlyArray<Operation> => {
      const role = isHubless && host <= 2 ? "owner" : "member"
      return [
        { _tag: "AddMember", member, name: member, role, teams: teams.filter(() => random.chance(0.6)) },
        { _tag: "AddDevice", member, device: node.options.device.publicKey, name: member }
      ]
    })
  )
})

const policyOf = (...rules: ReadonlyArray<object>): Operation => ({
  _tag: "SetPolicy",
  text: JSON.stringify({
    version: 1,
    types: { task: { header: { team: "text" }, fields: ["title", "salary"] } },
    rules
  })
})

const inOwn = { types: ["task"], where: [{ field: "team", op: "in", value: "$teams" }] }
const all = ["read", "create", "update", "delete"]

/** Documents that are put in force one after another. */
const policies: ReadonlyArray<Operation> = [
  policyOf({ id: "own", effect: "allow", actions: all, ...inOwn }),
  policyOf(
    { id: "all", effect: "allow", actions: all, types: ["task"] },
    {
      id: "no-west",
      effect: "forbid",
      actions: ["read"],
      types: ["task"],
      where: [{ field: "team", op: "eq", value: "west" }]
    }
  ),
  policyOf(
    { id: "own", effect: "allow", actions: ["read", "create"], ...inOwn },
    { id: "titles", effect: "allow", actions: ["update"], fields: ["title"], ...inOwn },
    { id: "m1", effect: "allow", actions: ["administer"], types: ["task"], to: { members: ["m1"] } }
  )
]

/** Without a hub two of the owners take each other out now and then, who cannot know of it. */
const takeOut = Effect.fnUntraced(function* ({ network, nodes, random }: TeamCluster) {
  const owners = nodes.filter(({ charter, node }) => charter !== undefined && isOwner(charter.state(), node.peer))
  // Who has no charter yet gets it from the first owner and from nobody else.
  const isComplete = nodes.every(({ states }) => (states.at(-1)?.version ?? 0) > 0)
  if (owners.length < 2 || !isComplete) return
  const a = random.pick(owners)
  const b = random.pick(owners.filter((other) => other !== a))
  const isPausing = random.chance(0.3)
  network.cut(a.host, b.host)
  for (const [writer, other] of [
    [a, b],
    [b, a]
  ] as const) {
    if (!writer.node.isUp) continue
    const device = other.node.options.device.publicKey
    const operation: Operation = isPausing
      ? { _tag: "PauseDevice", device, isPaused: true }
      : { _tag: "RemoveMember", member: other.member }
    yield* Effect.ignore(writer.charter!.write([operation]))
    if (random.chance(0.5)) yield* Effect.sleep(random.between(1, 1_000))
  }
  network.join(a.host, b.host)
})

/** One change of somebody's rights: by the hub, or by anybody who may. */
export const changeRights = Effect.fnUntraced(function* (cluster: TeamCluster) {
  const { isHubless, nodes, random } = cluster
  if (isHubless && random.chance(0.05)) return yield* takeOut(cluster)
  const { charter, node: writer } = isHubless ? random.pick(nodes) : nodes[0]!
  if (charter === undefined || !writer.isUp) return
  const { member, node } = random.pick(isHubless ? nodes : nodes.slice(1))
  const device = node.options.device.publicKey
  const kind = random.between(0, 19)
  const isPaused = charter.state().devices.get(node.peer)?.isPaused ?? false
  const roles = isHubless ? ["member", "readonly", "admin", "owner"] : ["member", "readonly", "admin"]
  const operation: Operation =
    kind < 11
      ? { _tag: "SetMemberTeams", member, teams: teams.filter(() => random.chance(0.5)) }
      : kind < 14
        ? { _tag: "SetMemberRole", member, role: random.pick(roles) }
        : kind < 17
          ? random.pick(policies)
          : kind < 19
            ? { _tag: "PauseDevice", device, isPaused: !isPaused }
            : { _tag: "RemoveMember", member }
  yield* Effect.ignore(charter.write([operation]))
})

/** One write of one node; what is refused was never there. */
export const writeOne = Effect.fnUntraced(function* (cluster: TeamCluster, writer: TeamNode, text: string) {
  const { random } = cluster
  const id = `t${random.between(0, 11)}`
  const team = teams[Number(id.slice(1)) % teams.length]!
  const value = { team, title: text, salary: random.between(0, 9) }
  const write = Effect.gen(function* () {
    const records = yield* Records.Records
    const known = yield* records.get("task", id)
    if (known !== undefined && random.chance(0.2)) return yield* records.remove(Task, id)
    if (known !== undefined && random.chance(0.5)) return yield* records.patch(Task, id, { title: text })
    return yield* records.putAll(Task, [{ id, value }])
  })
  const done = yield* Effect.result(writer.node.run(write))
  if (done._tag === "Success") for (const commit of done.success.commits) writer.written.set(commit, text)
})

/** A write of a device whose program does not ask what it may; it reads what it writes to. */
export const writeUnasked = Effect.fnUntraced(function* ({ random }: TeamCluster, writer: TeamNode, text: string) {
  const id = `t${random.between(0, 11)}`
  const partition = { type: "task", header: { team: teams[Number(id.slice(1)) % teams.length]! } }
  const change = { kind: "put", lww: { title: text, salary: 1 }, counters: {}, sets: {} } as const
  const write = Effect.gen(function* () {
    const gate = yield* Gate.Gate
    const journal = yield* Journal.Journal
    if (!(yield* gate.canRead(partition)).allowed) return undefined
    return yield* journal.write([{ partition, id, change }])
  })
  const done = yield* Effect.result(writer.node.run(write))
  if (done._tag !== "Success") return
  for (const commit of done.success?.commits ?? []) writer.written.set(commit, text)
})

export const stop = ({ nodes }: TeamCluster) =>
  Effect.forEach(nodes, ({ node }) => Effect.andThen(node.crash(true), node.ended()), { discard: true })
