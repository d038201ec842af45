/**
 * What the scenarios share: a hub that runs with its members in the charter, replicas of a charter that no hub orders,
 * and a device whose program obeys no policy. The scenarios are those that the seed systems name; docs/SCENARIOS.md
 * lists them.
 */
import {
  Charter,
  type CharterError,
  type CharterOperation,
  CharterStore,
  Crypto,
  DeviceKey,
  MemoryTransport,
  type Quarantine,
  type SpaceId
} from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Context, Effect, Layer, type Scope } from "effect"
import * as PolicyDraft from "../../src/PolicyDraft.ts"
import { deviceOf, joining, type Person, world } from "../space.ts"
import { found, hubDevice, makeNode, type TeamNode, type TeamOptions } from "../teamNodes.ts"

/** A running hub, and who comes to it. */
export interface Team {
  readonly network: MemoryTransport.MemoryNetwork
  readonly hub: TeamNode
  /** Starts a device that dials the hub. */
  readonly enter: (device: number, options?: TeamOptions) => Effect.Effect<TeamNode, unknown, Scope.Scope>
}

type Opening = Effect.Effect<Team, unknown, Scope.Scope>

/** A hub with the teams north and south, and these people in its charter. */
export const openTeam = (...people: ReadonlyArray<Person>): Opening => opened(people, {})

/** The same with a hub that is watched. */
export const openWatched = (options: TeamOptions, ...people: ReadonlyArray<Person>): Opening => opened(people, options)

const opened = Effect.fnUntraced(function* (people: ReadonlyArray<Person>, options: TeamOptions) {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, hubDevice, [], options)
  yield* found(hub)
  if (people.length > 0) yield* hub.write(...people.flatMap(joining))
  yield* hub.start
  const team: Team = { network, hub, enter: (device, given) => entered(network, device, given) }
  return team
})

const entered = Effect.fnUntraced(function* (
  network: MemoryTransport.MemoryNetwork,
  device: number,
  options: TeamOptions | undefined
) {
  const node = yield* makeNode(network, device, [hubDevice], options)
  yield* node.start
  return node
})

/** Records of each team that lie on a node, live ones and deleted ones. */
export const held = ({ journal }: TeamNode): Effect.Effect<Record<string, number>> =>
  journal.held.pipe(
    Effect.map((rows) =>
      Object.fromEntries(rows.map(({ count, partition }) => [String(partition.header["team"]), count]))
    ),
    Effect.orDie
  )

/** Puts records `<first letter of the team><number>` on a node. */
export const putAll = (
  node: TeamNode,
  team: string,
  count: number,
  from = 0
): Effect.Effect<ReadonlyArray<string>, unknown> =>
  Effect.forEach(
    Array.from({ length: count }, (_, i) => i + from),
    (i) => node.put(`${team[0]}${i}`, { team, title: `${team} ${i}` })
  )

/** What waits in a node's quarantine. */
export const waiting = ({ journal }: TeamNode): Effect.Effect<ReadonlyArray<Quarantine.QuarantineEntry>> =>
  Effect.orDie(journal.quarantine({ after: 0, limit: 1_000 }))

const yes = Effect.succeed({ allowed: true, rule: "none", policyVersion: 0, because: "it asks nobody" })

/** From now on the device's program lets pass whatever it is asked, as somebody's changed one would. */
export const disobey = (node: TeamNode): void => {
  const lets = () => yes
  Object.assign(node.gate, {
    admits: lets,
    canSend: lets,
    canReceive: lets,
    canRead: lets,
    canWrite: lets,
    accepts: lets,
    mustForget: () => Effect.undefined
  })
}

const space = "00112233445566778899aabbccddeeff" as SpaceId.SpaceId

/** A device's own charter, empty at first. */
export const replica = (device: number): Effect.Effect<Charter.CharterShape, never, Scope.Scope> =>
  Charter.layer({ space, ...PolicyDraft.charterChecks }).pipe(
    Layer.provide([
      Layer.succeed(Crypto.Crypto, world.functions(new SeededRandom.SeededRandom(device))),
      Layer.succeed(DeviceKey.DeviceKey, deviceOf(device)),
      CharterStore.CharterStore.layerMemory()
    ]),
    Layer.build,
    Effect.map((services) => Context.get(services, Charter.Charter)),
    Effect.orDie
  )

/** Both tell each other what the other lacks, until neither has anything new. */
export const exchange = (a: Charter.CharterShape, b: Charter.CharterShape): Effect.Effect<void> =>
  Effect.orDie(exchanged(a, b))

const exchanged = Effect.fnUntraced(function* (a: Charter.CharterShape, b: Charter.CharterShape) {
  for (let round = 0; round < 50; round++) {
    const there = yield* b.receive(a.beyond(b.known(), 1e6))
    const here = yield* a.receive(b.beyond(a.known(), 1e6))
    if (there.added + here.added === 0) return
  }
})

/** Replicas of a space without a hub, whose owner `ann` has device 1; those of these devices know the same. */
export const replicas = (
  people: ReadonlyArray<Person>,
  devices: ReadonlyArray<number>
): Effect.Effect<ReadonlyArray<Charter.CharterShape>, CharterError.CharterError, Scope.Scope> =>
  Effect.gen(function* () {
    const ann = yield* replica(1)
    const { publicKey } = deviceOf(1)
    yield* ann.write([
      { _tag: "Found", name: "Team", hub: null, member: "ann", memberName: "Ann", device: publicKey, deviceName: "a" }
    ])
    yield* ann.write(["north", "south"].map((team) => ({ _tag: "SetTeam", team, name: team })))
    if (people.length > 0) yield* ann.write(people.flatMap(joining))
    const others = yield* Effect.forEach(devices, replica)
    for (const other of others) yield* exchange(ann, other)
    return [ann, ...others]
  })

/** Why a charter does not take it, from whoever writes there. */
export const refusal = (
  charter: Pick<Charter.CharterShape, "write">,
  ...operations: ReadonlyArray<CharterOperation.CharterOperation>
): Effect.Effect<string, unknown> => Effect.map(Effect.flip(charter.write(operations)), ({ message }) => message)
