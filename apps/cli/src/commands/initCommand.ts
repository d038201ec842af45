/**
 * `syncline init`: makes a data folder a device, and names its hub. It may be run again to name another hub or schema;
 * the key stays, and so does the space once there is a journal.
 */
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { PeerId, type SpaceId } from "@syncline/core"
import { DeviceKeyFile, spaceOf, TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { because, UsageInvalid } from "../CliError.ts"
import * as Connection from "../Connection.ts"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import * as FolderKey from "../FolderKey.ts"
import * as HubAddress from "../HubAddress.ts"
import * as HubIdentity from "../HubIdentity.ts"
import { command } from "../Invocation.ts"
import { Output } from "../Output.ts"
import * as SchemaFile from "../SchemaFile.ts"

export interface InitInput {
  readonly data: string
  readonly space: string | undefined
  readonly hub: string | undefined
  readonly hubPeer: string | undefined
  readonly policy: Policy | undefined
  readonly schema: string | undefined
}

type Policy = NonNullable<DeviceFile.Device["policy"]>

const spaceDefault = "home"

export const run = Effect.fnUntraced(function* (input: InitInput) {
  const known = yield* DeviceFile.read(input.data)
  // Before anything is made, so that a mistake leaves nothing behind.
  if (input.schema !== undefined) yield* SchemaFile.load(input.schema)
  const hub = yield* hubOf(input)
  const space = yield* chooseSpace(input, known, hub)
  const isNew = !existsSync(DeviceKeyFile.keyFile(input.data))
  const key = yield* FolderKey.load(input.data)
  const { peer } = DeviceKeyFile.deviceKey(key)
  yield* Device.establish(input.data, space.id)
  const policy = hub?.policy ?? known?.policy ?? "personal"
  // Of a team the charter says who is let in.
  if (hub !== undefined && policy === "personal") yield* TrustFile.add(input.data, hub.peer, `hub at ${hub.address}`)
  const schema = input.schema === undefined ? known?.schema : resolve(input.schema)
  const hubKept = hub === undefined ? known?.hub : { address: hub.address, peer: hub.peer }
  const device: DeviceFile.Device = {
    space: space.id,
    ...(space.name === undefined ? {} : { spaceName: space.name }),
    ...(hubKept === undefined ? {} : { hub: hubKept }),
    ...(policy === "personal" ? {} : { policy }),
    ...(known?.mailboxes === undefined ? {} : { mailboxes: known.mailboxes }),
    ...(schema === undefined ? {} : { schema })
  }
  yield* DeviceFile.write(input.data, device)
  yield* report(input, { isNew, peer, device })
})

interface Hub {
  readonly address: string
  readonly peer: PeerId.PeerId
  /** What the hub says it syncs, when it was asked. */
  readonly space: Space | undefined
  /** What the hub or the command line says. */
  readonly policy: Policy | undefined
}

interface Space {
  readonly id: SpaceId.SpaceId
  readonly name: string | undefined
}

const hubOf = Effect.fnUntraced(function* (input: InitInput) {
  if (input.policy !== undefined && input.hubPeer === undefined) {
    return yield* because(new UsageInvalid({ problem: "--policy goes with --hub-peer; without it the hub is asked" }))
  }
  if (input.hub === undefined) {
    if (input.hubPeer === undefined) return undefined
    return yield* because(new UsageInvalid({ problem: "--hub-peer needs the hub's address: --hub <address>" }))
  }
  const address = yield* HubAddress.of(input.hub)
  const { hubPeer, policy } = input
  const identity = hubPeer === undefined ? yield* HubIdentity.ask(address) : { peer: hubPeer, policy }
  if (!PeerId.is(identity.peer)) {
    const problem = `${JSON.stringify(identity.peer)} is no peer id; the hub prints its own when it starts`
    return yield* because(new UsageInvalid({ problem }))
  }
  const named = "space" in identity ? identity.space : undefined
  const hub: Hub = {
    address,
    peer: identity.peer,
    space: named === undefined ? undefined : { id: spaceOf(named), name: named },
    policy: "space" in identity ? (identity.policy ?? "personal") : identity.policy
  }
  return hub
})

/** A space by its 32 digits or by its name. */
const spaceNamed = (text: string, name?: string): Space =>
  /^[0-9a-f]{32}$/.test(text) ? { id: text as SpaceId.SpaceId, name } : { id: spaceOf(text), name: text }

const chooseSpace = Effect.fnUntraced(function* (
  input: InitInput,
  known: DeviceFile.Device | undefined,
  hub: Hub | undefined
) {
  const wanted = input.space === undefined ? undefined : spaceNamed(input.space)
  const kept = known === undefined ? undefined : spaceNamed(known.space, known.spaceName)
  const space = wanted ?? kept ?? hub?.space ?? spaceNamed(spaceDefault)
  if (kept !== undefined && kept.id !== space.id) {
    const problem = `${input.data} belongs to the space ${kept.name ?? kept.id}; use another --data folder for another space`
    return yield* because(new UsageInvalid({ problem }))
  }
  if (hub?.space !== undefined && hub.space.id !== space.id) {
    const theirs = hub.space.name ?? hub.space.id
    const problem = `The hub syncs the space ${theirs}, not ${space.name ?? space.id}; pass --space ${theirs} in a new folder`
    return yield* because(new UsageInvalid({ problem }))
  }
  return { id: space.id, name: space.name ?? hub?.space?.name }
})

interface Made {
  readonly isNew: boolean
  readonly peer: PeerId.PeerId
  readonly device: DeviceFile.Device
}

const report = Effect.fnUntraced(function* (input: InitInput, { device, isNew, peer }: Made) {
  const output = yield* Output
  const text = [
    `${isNew ? "Made" : "Updated"} the device ${peer}`,
    `in ${resolve(input.data)}, space ${device.spaceName ?? device.space}.`,
    ...(device.hub === undefined ? [] : [reportHub(device, device.hub)])
  ]
  yield* output.result({ peer, created: isNew, data: resolve(input.data), ...device }, text.join("\n"))
  if (device.hub === undefined) {
    yield* output.note(`Next: name a hub with\n  ${command(`init --data ${input.data} --hub <address>`)}`)
    if (device.mailboxes === undefined) {
      yield* output.note(
        `or a folder that a cloud program copies with\n  ${command(`road add folder <path> --data ${input.data}`)}`
      )
    }
  } else {
    const next = device.policy === "enterprise" ? "add this device to a member" : "let the hub trust this device"
    yield* output.note(`Next: ${next}, on the hub's machine:\n  ${Connection.letInCommand(device, peer)}`)
    yield* output.note(`Then:\n  ${command(`sync --data ${input.data}`)}`)
  }
})

const reportHub = ({ policy }: DeviceFile.Device, { address, peer }: Connection.Hub): string =>
  policy === "enterprise"
    ? `It belongs to the team of the hub ${peer} at ${address}.`
    : `It trusts the hub ${peer} at ${address}.`
