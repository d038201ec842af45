/**
 * A team's space for tests: a charter in memory, written by its founder's device, and the enterprise policy on it.
 * Devices are named by numbers; device 1 is the owner `ann`'s.
 */
import { hash } from "node:crypto"
import {
  Author,
  Charter,
  type CharterError,
  type CharterOperation,
  CharterStore,
  Crypto,
  type Decision,
  type Deeds,
  DeviceKey,
  Gate,
  HybridTime,
  type Partition,
  type PeerId
} from "@syncline/core"
import type { SpaceId } from "@syncline/core"
import { SeededRandom, SimulatedCrypto } from "@syncline/core/testing"
import { Context, Effect, Layer, type Scope } from "effect"
import { gateLayer } from "../src/EnterprisePolicy.ts"
import * as PolicyDraft from "../src/PolicyDraft.ts"
import * as PolicyFile from "../src/PolicyFile.ts"

type Operation = CharterOperation.CharterOperation

export const world = new SimulatedCrypto.SimulatedCrypto((bytes) => new Uint8Array(hash("sha256", bytes, "buffer")))
const devices = new Map<number, ReturnType<typeof world.makeDevice>>()

/** The key of a device's number. */
export const deviceOf = (number: number) => {
  const known = devices.get(number) ?? world.makeDevice(new SeededRandom.SeededRandom(number))
  devices.set(number, known)
  return known
}
export const peer = (number: number): PeerId.PeerId => deviceOf(number).peer

const space = "00112233445566778899aabbccddeeff" as SpaceId.SpaceId

/** `isJudging: false` is that of a program which puts in force whatever can be read. */
export const layerCharter = (number: number, isJudging = true): Layer.Layer<Charter.Charter | DeviceKey.DeviceKey> =>
  Charter.layer({
    space,
    ...(isJudging ? PolicyDraft.charterChecks : { policyProblem: PolicyFile.problemOf })
  }).pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        Layer.succeed(Crypto.Crypto, world.functions(new SeededRandom.SeededRandom(99))),
        Layer.succeed(DeviceKey.DeviceKey, deviceOf(number)),
        CharterStore.CharterStore.layerMemory()
      )
    ),
    Layer.orDie
  )

/** Founds ann's space from device 1, which may be its hub. */
export const founding = (isHub = false): Operation => {
  const { publicKey } = deviceOf(1)
  const hub = isHub ? publicKey : null
  const deviceName = isHub ? "the hub" : "ann's"
  return { _tag: "Found", name: "Team", hub, member: "ann", memberName: "Ann", device: publicKey, deviceName }
}

/** A space as a test sees it. */
export interface TeamSpace {
  readonly charter: Charter.CharterShape
  readonly gate: Gate.GateShape
  readonly write: (...operations: ReadonlyArray<Operation>) => ReturnType<Charter.CharterShape["write"]>
}

/** The charter and the gate of device 1, with these people: name, role, device, teams. */
export const open = (
  ...people: ReadonlyArray<Person>
): Effect.Effect<TeamSpace, CharterError.CharterError, Scope.Scope> => opened(people)

const opened = Effect.fnUntraced(function* (people: ReadonlyArray<Person>) {
  const services = yield* Layer.build(Layer.provideMerge(gateLayer(), layerCharter(1)))
  const charter = Context.get(services, Charter.Charter)
  const gate = Context.get(services, Gate.Gate)
  yield* charter.write([founding()])
  yield* charter.write(["north", "south"].map((team) => ({ _tag: "SetTeam", team, name: team })))
  if (people.length > 0) yield* charter.write(people.flatMap(joining))
  const found: TeamSpace = { charter, gate, write: (...operations) => charter.write(operations) }
  return found
})

/** What a commit does. */
export const doing = (
  what: "create" | "update" | "delete",
  ...fields: ReadonlyArray<string>
): Effect.Effect<Deeds.Deeds> =>
  Effect.succeed({
    creates: what === "create",
    updates: what === "update",
    deletes: what === "delete",
    fields: new Set(fields)
  })

/** Does it count when a device has written it and another one, or itself, delivers it? */
export const asks =
  (gate: Gate.GateShape, partition: Partition.Partition) =>
  (number: number, deeds: Effect.Effect<Deeds.Deeds>, from = number): Effect.Effect<Decision.Decision> => {
    const author = Author.make(peer(number), "00112233445566ff")
    return gate.accepts({ author, partition, at: HybridTime.zero, from: peer(from) }, deeds)
  }

export type Person = readonly [member: string, role: string, device: number, ...teams: ReadonlyArray<string>]

export const joining = ([member, role, device, ...teams]: Person): ReadonlyArray<Operation> => [
  { _tag: "AddMember", member, name: member, role, teams },
  { _tag: "AddDevice", member, device: deviceOf(device).publicKey, name: `${member}'s` }
]

/** A policy document as an operation; what is not said is one type `task` with team and owner. */
export const policy = (...rules: ReadonlyArray<object>): Operation => ({
  _tag: "SetPolicy",
  text: JSON.stringify({
    version: 1,
    types: { task: { header: { team: "text", owner: "text" }, fields: ["title", "salary"] }, note: {} },
    rules: rules.map((rule, i) => ({ id: `r${i}`, effect: "allow", actions: ["read"], types: ["task"], ...rule }))
  })
})
