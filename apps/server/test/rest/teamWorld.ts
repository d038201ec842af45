/** A team's charter in memory behind the endpoints of teams, with people of it who call. */
import { Charter, CharterStore, DeviceKey, type PeerId, SpaceId } from "@syncline/core"
import { DeviceKeyFile, NodeCrypto } from "@syncline/node"
import { PolicyFile } from "@syncline/policy"
import { Context, Effect, Layer, Redacted } from "effect"
import type { Principal } from "../../src/rest/Principal.ts"
import { charterEndpoints } from "../../src/team/charterEndpoints.ts"
import { deviceEndpoints } from "../../src/team/deviceEndpoints.ts"
import { memberEndpoints } from "../../src/team/memberEndpoints.ts"
import { HubIdentity } from "../../src/status/HubIdentity.ts"
import { PairingKeeper } from "../../src/team/PairingKeeper.ts"
import { pairingEndpoints } from "../../src/team/pairingEndpoints.ts"
import { policyEndpoints } from "../../src/team/policyEndpoints.ts"
import { roleEndpoints } from "../../src/team/roleEndpoints.ts"
import { accountOf, serve, sessionOf } from "./frame.ts"

const seedOf = (number: number) => Redacted.make(new Uint8Array(32).fill(number))
const keyOf = (number: number) => DeviceKeyFile.deviceKey(seedOf(number))
export const peerOf = (number: number): PeerId.PeerId => keyOf(number).peer

/** Every account is the hub's owner, so that only the charter says no. */
const callers: { readonly [name: string]: Principal } = {
  door: { kind: "door" },
  owner: sessionOf("owner"),
  adam: sessionOf("adam"),
  mia: sessionOf("mia"),
  nobody: sessionOf(undefined),
  gone: sessionOf("gone"),
  token: {
    kind: "token",
    account: accountOf("owner", "adam"),
    token: "t",
    scopes: new Set(["team:write", "team:read"])
  }
}

/** Nobody in these tests comes as far as a code. */
const noCodes = {
  make: () => Effect.die("a code was made")
} as unknown as PairingKeeper["Service"]

/** A team of an owner, the admin adam and the member mia; the hub is an owner's device. */
export const teamWorld = async () => {
  const space = SpaceId.fromBytes(new Uint8Array(16).fill(17))
  const hub = keyOf(1)
  const layer = Charter.layer({ space, policyProblem: PolicyFile.problemOf }).pipe(
    Layer.provide(CharterStore.CharterStore.layerMemory([], "memory")),
    Layer.provide(Layer.merge(NodeCrypto.layer, Layer.succeed(DeviceKey.DeviceKey, hub)))
  )
  const services = await Effect.runPromise(Effect.scoped(Layer.build(layer)))
  const charter = Context.get(services, Charter.Charter)
  await Effect.runPromise(
    charter.write([
      {
        _tag: "Found",
        name: "office",
        hub: hub.publicKey,
        member: "owner",
        memberName: "Owner",
        device: hub.publicKey,
        deviceName: "the hub"
      }
    ])
  )
  await Effect.runPromise(
    charter.write([
      { _tag: "AddMember", member: "adam", name: "Adam", role: "admin", teams: [] },
      { _tag: "AddMember", member: "mia", name: "Mia", role: "member", teams: [] }
    ])
  )
  const current = {
    peer: hub.peer,
    space: "office",
    policy: "enterprise",
    version: "1",
    addresses: [],
    relays: []
  } as const
  const all = Context.add(services, HubIdentity, { current }).pipe(Context.add(PairingKeeper, noCodes))
  const endpoints = [
    ...charterEndpoints,
    ...pairingEndpoints,
    ...memberEndpoints,
    ...deviceEndpoints,
    ...roleEndpoints,
    ...policyEndpoints
  ]
  const { ask } = await serve(endpoints, { callers, services: all as Context.Context<never> })
  return { ask: (path: string, options: Parameters<typeof ask>[1]) => ask(`/api/v1${path}`, options), charter }
}
