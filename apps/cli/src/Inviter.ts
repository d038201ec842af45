/**
 * What a folder invites others to, and how it lets one in: a hub's folder with its list of trusted peers, a team's hub with
 * its charter, through the local door, or a person's device with its own list. It runs no pairing.
 */
import { CharterOperation, NewMember, PeerId, type SpaceId } from "@syncline/core"
import { PairingGrant, type PairingWindow } from "@syncline/core/pairing"
import { spaceOf, TrustFile, type TrustFileError } from "@syncline/node"
import { AdminTeam } from "@syncline/core/admin"
import { Effect } from "effect"
import { because, type CliError, UsageInvalid } from "./CliError.ts"
import * as Device from "./Device.ts"
import * as DeviceFile from "./DeviceFile.ts"
import * as HubAddress from "./HubAddress.ts"
import * as HubIdentity from "./HubIdentity.ts"
import { command } from "./Invocation.ts"
import * as LocalDoor from "./LocalDoor.ts"
import { TeamChanged } from "./PairError.ts"
import * as Team from "./Team.ts"

export interface Inviter {
  readonly space: SpaceId.SpaceId
  readonly spaceName: string | undefined
  /** Where devices of the space meet and sync; `undefined` where they have no hub. */
  readonly hub: string | undefined
  /** The role that joiners get; `null` where there are none. */
  readonly role: string | null
  /** The member that the joiner will belong to; `undefined` where there are none. */
  readonly memberOf: (join: PairingWindow.Join) => string | undefined
  /** Lets the device in and gives what it is told. */
  readonly admit: (join: PairingWindow.Join) => Effect.Effect<Uint8Array, AdmitError>
  /** What is left to do for a device that was let in. */
  readonly next: (join: PairingWindow.Join) => string | undefined
}

type AdmitError = TrustFileError.TrustFileError | CliError

export interface InviterInput {
  readonly data: string
  readonly hub: string | undefined
  readonly role: string | undefined
  readonly member: string | undefined
}

/** What the folder invites to; fails where it cannot let anybody in. */
export const of = Effect.fnUntraced(function* (input: InviterInput) {
  const key = yield* Device.keyOf(input.data)
  const device = yield* DeviceFile.read(input.data)
  const space = yield* Device.spaceOf(input.data)
  const isTeams = Device.isChartered(input.data, device)
  if (device === undefined && isTeams) return yield* ofTeam(input, space, key.peer)
  if (isTeams) return yield* because(new UsageInvalid({ problem: elsewhere }))
  if (input.role !== undefined || input.member !== undefined) {
    const problem = "--role and --member are for teams; here everybody who is trusted may do the same"
    return yield* because(new UsageInvalid({ problem }))
  }
  return yield* ofList(input, space, device, key.peer)
})

const elsewhere =
  "A team's devices are let in at its hub, which writes the charter. " +
  `Run on the hub's machine: ${command("pair new --data ./data")}`

const ofList = Effect.fnUntraced(function* (
  { data, hub }: InviterInput,
  space: SpaceId.SpaceId,
  device: DeviceFile.Device | undefined,
  self: PeerId.PeerId
) {
  const known = device === undefined ? HubAddress.hubDefault : device.hub?.address
  const address = hub ?? known
  const hubAddress = address === undefined ? undefined : yield* HubAddress.of(address)
  const spaceName =
    device?.spaceName ?? (hubAddress === undefined ? null : ((yield* nameAt(hubAddress, space)) ?? null))
  const hubPeer = device === undefined ? self : (device.hub?.peer ?? null)
  const grant = PairingGrant.encode({
    version: 1,
    spaceName,
    policy: "personal",
    hub: PeerId.is(hubPeer) ? hubPeer : null,
    hubAddress: hubAddress ?? null,
    member: null,
    role: null
  })
  const inviter: Inviter = {
    space,
    spaceName: spaceName ?? undefined,
    hub: hubAddress,
    role: null,
    memberOf: () => undefined,
    admit: ({ name, peer }) => Effect.as(TrustFile.add(data, peer, commentOf(name)), grant),
    next: ({ peer }) => (device === undefined ? undefined : nextOf(data, device, hubAddress, peer))
  }
  return inviter
})

/** What is left to do at a person's device. */
const nextOf = (
  data: string,
  { direct }: DeviceFile.Device,
  hub: string | undefined,
  peer: PeerId.PeerId
): string | undefined => {
  if (hub !== undefined)
    return `Its hub must trust it too. Run on the hub's machine:\n  ${command(`trust ${peer} --data ./data`)}`
  const road = direct === undefined ? `  ${command(`road add direct --data ${data}`)}\n` : ""
  return `To sync with it, run here, while the same runs there:\n${road}  ${command(`sync --watch --data ${data}`)}`
}

/** The space's name, where the hub at the address says it; a journal knows its id only. */
const nameAt = (hub: string, space: SpaceId.SpaceId): Effect.Effect<string | undefined> =>
  HubIdentity.ask(hub).pipe(
    Effect.map((identity) => (spaceOf(identity.space) === space ? identity.space : undefined)),
    Effect.orElseSucceed(() => undefined)
  )

/** A name is whatever somebody typed on the other device. */
const commentOf = (name: string): string => `${name.replaceAll(/\p{C}/gu, "")}, paired`

const ofTeam = Effect.fnUntraced(function* (
  { data, hub, member, role: named }: InviterInput,
  space: SpaceId.SpaceId,
  self: PeerId.PeerId
) {
  const team = yield* Team.ask(data)
  const address = hub ?? (yield* LocalDoor.urlOf(data))
  const known = memberIn(team, member)
  if (member !== undefined && known === undefined) return yield* because(new UsageInvalid({ problem: unknown(member) }))
  yield* checkRole(team, known, named)
  const role = known?.role ?? named ?? roleDefault
  const granting: Granting = { data, member, role, isManaging: isManaging(team, role) }
  const memberOf = (join: PairingWindow.Join): string => member ?? memberIdOf(team, join)
  const hubAddress = yield* HubAddress.of(address)
  const inviter: Inviter = {
    space,
    spaceName: team.name,
    hub: hubAddress,
    role,
    memberOf,
    admit: Effect.fnUntraced(function* (join) {
      yield* writeMember(granting, memberOf(join), join)
      return PairingGrant.encode({
        version: 1,
        spaceName: team.name,
        policy: "enterprise",
        hub: self,
        hubAddress,
        member: memberOf(join),
        role: join.role
      })
    }),
    next: () => undefined
  }
  return inviter
})

const roleDefault = "member"

type Member = Team.Team["members"][number]

const memberIn = ({ members }: Team.Team, id: string | undefined): Member | undefined =>
  members.find((member) => member.id === id)

const isManaging = ({ roles }: Team.Team, role: string): boolean =>
  (roles.find(({ id }) => id === role)?.level ?? 0) >= CharterOperation.managingLevel

const unknown = (member: string): string =>
  `there is no member ${member}, and --member is for a further device of one; ` +
  "without it the device becomes a new member, and member add makes one under an id of your choice"

/** A role that manages is never granted without having been named, and a member's further device has the member's. */
const checkRole = (
  team: Team.Team,
  known: Member | undefined,
  named: string | undefined
): Effect.Effect<void, CliError> => {
  const refuse = (problem: string) => Effect.fail(because(new UsageInvalid({ problem })))
  if (named !== undefined && !team.roles.some(({ id }) => id === named)) {
    return refuse(`there is no role ${named}; there are ${team.roles.map(({ id }) => id).join(", ")}`)
  }
  if (known === undefined) return Effect.void
  if (named !== undefined && named !== known.role)
    return refuse(`${known.id} has the role ${known.role}, and so have its devices`)
  if (named !== undefined || !isManaging(team, known.role)) return Effect.void
  return refuse(
    `${known.id} has the role ${known.role}, which manages the team; a device of it takes --role ${known.role}`
  )
}

/** A member's id by the name of its first device. */
const memberIdOf = (team: Team.Team, { id, name }: PairingWindow.Join): string =>
  NewMember.idOf(name, id, (wanted) => memberIn(team, wanted) !== undefined || team.removedMembers.includes(wanted))

/** What a code was made to grant. */
interface Granting {
  readonly data: string
  /** Whose further device it is for; `undefined` for a new member. */
  readonly member: string | undefined
  readonly role: string
  /** The role managed the team when the code was made, and was named as one that does. */
  readonly isManaging: boolean
}

/** Why the team, as it is now, does not let a device in as it was shown to the person who said yes. */
const refusalOf = (
  granting: Granting,
  team: Team.Team,
  member: string,
  role: string
): CliError["reason"] | undefined => {
  const changed = (problem: string) => new TeamChanged({ problem })
  const known = memberIn(team, member)
  if (granting.member === undefined && known !== undefined) return changed(`there is a member ${member} now`)
  const wasRemoved = granting.member === undefined && team.removedMembers.includes(member)
  if (wasRemoved) return changed(`there was a member ${member} meanwhile, who was removed`)
  if (granting.member !== undefined && known === undefined) return changed(`there is no member ${member} any more`)
  const isAnswers = role !== granting.role
  if (known !== undefined && known.role !== role) {
    if (!isAnswers || known.role !== granting.role) return changed(`${member} has the role ${known.role} now`)
    const problem = `${member} has the role ${known.role}, and so have its devices; answer without --role`
    return new UsageInvalid({ problem })
  }
  // Named in the answer it may manage, and at the code as far as it did so then.
  if (isAnswers || granting.isManaging || !isManaging(team, role)) return undefined
  return changed(`the role ${role} manages the team now`)
}

/** How often the team is looked at again where somebody else changed it in the same moment. */
const triesMax = 5

/** One record, on the team as it was looked at: a new member and its device, or a further device of a member. */
const writeMember = (granting: Granting, member: string, join: PairingWindow.Join): Effect.Effect<void, CliError> =>
  Effect.gen(function* () {
    const { data } = granting
    const team = yield* Team.askHub(data)
    const { name, peer, role } = { ...join, role: join.role ?? roleDefault }
    const refusal = refusalOf(granting, team, member, role)
    if (refusal !== undefined) return yield* because(refusal)
    const named = NewMember.nameOf(name, member)
    const operations: Array<CharterOperation.CharterOperationJson> = []
    if (granting.member === undefined) operations.push({ _tag: "AddMember", member, name: named, role, teams: [] })
    operations.push({ _tag: "AddDevice", member, device: peer, name: named })
    const body = { operations, expectedVersion: team.version, expectedDigest: team.digest }
    yield* LocalDoor.ask(data, { path: "charter/records", answer: AdminTeam.Written, body })
  }).pipe(Effect.retry({ times: triesMax - 1, while: isConflict }))

/** The charter has moved on, or does not allow it: that it says again. */
const isConflict = ({ reason }: CliError): boolean => reason._tag === "HubRefused" && reason.status === 409
