/**
 * `syncline pair join`: goes to the hub with a code, or to the device nearby that invites, shows the check number and waits for the person at the other device.
 * Only then the folder becomes a device: until it is let in, not even its key is kept.
 */
import { Bytes, PeerId, type SpaceId } from "@syncline/core"
import { joinWith, PairingCode, PairingError, PairingGrant, type PairingSession } from "@syncline/core/pairing"
import { DeviceKeyFile, NodeCrypto } from "@syncline/node"
import { Effect, Option, Result } from "effect"
import { because, type CliError, UsageInvalid } from "../CliError.ts"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import * as FolderKey from "../FolderKey.ts"
import * as HubAddress from "../HubAddress.ts"
import * as HubIdentity from "../HubIdentity.ts"
import { command } from "../Invocation.ts"
import * as JoinedFolder from "../JoinedFolder.ts"
import { Output } from "../Output.ts"
import { GrantUnusable } from "../PairError.ts"
import * as PairingRoad from "../PairingRoad.ts"
import * as PlainText from "../PlainText.ts"
import * as TypedLine from "../TypedLine.ts"

export interface JoinInput {
  readonly data: string
  readonly code: string
  readonly hub: string | undefined
  readonly inviter: string | undefined
  readonly name: string | undefined
}

export const run = Effect.fnUntraced(function* (input: JoinInput) {
  const output = yield* Output
  const { code, hub: linked } = yield* codeOf(input.code === "" ? yield* typedCode : input.code)
  const isNearby = code.slot === undefined
  if (!isNearby && input.inviter !== undefined) {
    const problem = "--inviter is for codes of six digits; a code of twelve, words and a link lead to a hub: --hub"
    return yield* because(new UsageInvalid({ problem }))
  }
  const known = yield* DeviceFile.read(input.data)
  const named = input.hub ?? linked ?? (isNearby ? undefined : (known?.hub?.address ?? HubAddress.hubDefault))
  const hub = named === undefined ? undefined : yield* HubAddress.of(named)
  const name = yield* PairingRoad.nameOf(input.name)
  const seed = Device.hasKey(input.data) ? yield* FolderKey.load(input.data) : yield* DeviceKeyFile.draw
  const signer = DeviceKeyFile.deviceKey(seed)
  const joining: JoinedFolder.Joining = { data: input.data, hub, isNearby, known, seed }
  const meeting = yield* isNearby || hub === undefined
    ? PairingRoad.joinNearby(seed, input.inviter)
    : PairingRoad.through(hub)
  yield* output.note(isNearby ? "Looking for the device that invites nearby ..." : `Going to ${hub} ...`)
  let kept: Kept | undefined
  yield* joinWith<KeepError>(code, meeting, {
    signer,
    name,
    platform: process.platform,
    show: (peer, checkNumber) => show(joining, peer, checkNumber).pipe(Effect.provideService(Output, output)),
    keep: (peer, grant) => Effect.map(keep(joining, peer, grant), (done) => void (kept = done))
  }).pipe(Effect.provide(NodeCrypto.layer), isNearby ? PairingRoad.sayWhere : PairingRoad.sayHow(input.hub))
  yield* report(joining, signer.peer, kept!)
})

/** Not in the list of processes, which everybody on this machine can read. */
const typedCode = Effect.gen(function* () {
  yield* (yield* Output).note("Type the code:")
  return yield* TypedLine.read(true)
})

const codeOf = Effect.fnUntraced(function* (text: string) {
  const parsed = PairingCode.parse(text)
  return Result.isSuccess(parsed) ? parsed.success : yield* PairingError.because(parsed.failure)
})

const show = Effect.fnUntraced(function* (
  { data, known }: JoinedFolder.Joining,
  { device, name, space }: PairingSession.PairingPeer,
  checkNumber: string
) {
  const output = yield* Output
  const theirs = Bytes.toHex(space ?? new Uint8Array(0))
  if (known !== undefined && known.space !== theirs) {
    const ours = known.spaceName ?? known.space
    const problem = `${data} belongs to the space ${ours}, and the code invites to another one; use another --data folder`
    return yield* because(new UsageInvalid({ problem }))
  }
  const inviter = PlainText.part(name)
  yield* output.note(
    [
      `Met ${inviter} (${PeerId.fromPublicKey(device)}).`,
      `  check number  ${checkNumber}`,
      `The screen of ${inviter} must show the same number; then say yes there. Waiting ...`
    ].join("\n")
  )
})

type KeepError = CliError | Effect.Error<ReturnType<typeof JoinedFolder.keep>>

interface Kept {
  readonly device: DeviceFile.Device
  readonly inviter: PeerId.PeerId
  readonly grant: PairingGrant.PairingGrant
}

/** Makes the folder a device of the space. */
const keep = Effect.fnUntraced(function* (
  joining: JoinedFolder.Joining,
  peer: PairingSession.PairingPeer,
  bytes: Uint8Array
): Effect.fn.Return<Kept, KeepError> {
  const grant = PairingGrant.decode(bytes)
  if (grant === undefined || peer.space === null) {
    return yield* because(new GrantUnusable({ problem: "the other device has another version of this program" }))
  }
  const space = Bytes.toHex(peer.space) as SpaceId.SpaceId
  const inviter = PeerId.fromPublicKey(peer.device)
  yield* checkTeam(joining, grant)
  const hub = joining.hub ?? knownHubOf(joining, grant) ?? (yield* hubOf(grant))
  const device = yield* JoinedFolder.keep({ ...joining, hub }, { inviter, inviterName: peer.name, space, grant })
  return { device, inviter, grant }
})

/** Somebody nearby who has no team must not make a team's device one of a list of trusted peers. */
const checkTeam = (
  { data, isNearby, known }: JoinedFolder.Joining,
  { policy }: PairingGrant.PairingGrant
): Effect.Effect<void, CliError> => {
  if (!isNearby || policy !== "personal" || !Device.isChartered(data, known)) return Effect.void
  const problem = `${data} is a device of a team, whose hub lets devices in, and the other one has no team`
  return Effect.fail(because(new GrantUnusable({ problem })))
}

/** The same hub's address as this device knows it: it works here, which the inviter's need not. */
const knownHubOf = ({ known }: JoinedFolder.Joining, { hub }: PairingGrant.PairingGrant) =>
  hub !== null && known?.hub?.peer === hub ? known.hub.address : undefined

/** The hub's address as the inviter knows it. */
const hubOf = ({ hub, hubAddress }: PairingGrant.PairingGrant) =>
  hub === null || hubAddress === null
    ? Effect.succeed(undefined)
    : Effect.mapError(HubAddress.of(hubAddress), ({ message }) => because(new GrantUnusable({ problem: message })))

const report = Effect.fnUntraced(function* (
  { data, isNearby }: JoinedFolder.Joining,
  peer: PeerId.PeerId,
  { device, grant, inviter }: Kept
) {
  const output = yield* Output
  const { member, role } = grant
  const as =
    member === null ? "trusts" : `is a device of the member ${member}, with the role ${role}, and was let in by`
  const text = `Paired: this device (${peer}) ${as} ${inviter}.\nIt belongs to the space ${device.spaceName ?? device.space}, in ${data}.`
  yield* output.result({ event: "paired", peer, inviter, member, role, data, ...device }, text)
  if (device.hub === undefined) {
    if (device.direct !== undefined) yield* output.note(`Next:\n  ${command(`sync --watch --data ${data}`)}`)
    return
  }
  const answer = isNearby ? yield* Effect.option(HubIdentity.ask(device.hub.address)) : undefined
  // The inviter may know the hub by an address that means something on its own machine only.
  const isFound = answer === undefined || (Option.isSome(answer) && answer.value.peer === device.hub.peer)
  const address = isFound
    ? ""
    : `Its hub does not answer at ${device.hub.address}. Say where it is:\n  ${command(`init --hub <address> --data ${data}`)}\n`
  yield* output.note(`${address}Next:\n  ${command(`sync --data ${data}`)}`)
})
