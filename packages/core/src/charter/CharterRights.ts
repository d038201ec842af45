/**
 * Who may do what to a charter, as one pure question on the state before. Nobody gives more than it has, nobody touches
 * who stands as high as itself but owners, and a space always has an owner with a device. What a policy document allows
 * on records is another matter and not asked here.
 */
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import { type CharterOperation, managingLevel, type Named, ownerLevel, policyKeptBytesMax } from "./CharterOperation.ts"
import * as CharterSeal from "./CharterSeal.ts"
import { type CharterState, type Device, devicesOf, levelOf, type Member, memberOf } from "./CharterState.ts"

/** Who acts. */
interface Actor {
  readonly member: Member
  readonly level: number
}

/** Records that a member may write about itself who does not manage the space. */
export const ownRecordsMax = 256

/** Why the device may write no further record, whatever it does. */
export const whyNotMore = (state: CharterState, signer: PeerId.PeerId): string | undefined => {
  const member = memberOf(state, signer)
  return member === undefined ? undefined : whyNotMoreOf(state, member)
}

const whyNotMoreOf = (state: CharterState, member: Member): string | undefined => {
  if (levelOf(state, member) >= managingLevel) return undefined
  if ((state.ownRecords.get(member.id) ?? 0) < ownRecordsMax) return undefined
  return `${member.name} has written ${ownRecordsMax} records of its own; further ones are for who manages the space`
}

/** Why a record of the device does not count of which this version cannot say what it does, where no hub has taken it in. */
export const whyNotUnread = (state: CharterState, signer: PeerId.PeerId): string | undefined => {
  const member = memberOf(state, signer)
  if (member === undefined) return `${signer} is no device of a member`
  if (state.devices.get(signer)!.isPaused) return `${state.devices.get(signer)!.name} is paused`
  if (levelOf(state, member) >= managingLevel) return undefined
  return `a later version of the program wrote it, and ${member.name} does not manage the space`
}

/** Why the device may not do this now, in words for people; `undefined` when it may. */
export const whyNot = (state: CharterState, signer: PeerId.PeerId, operation: CharterOperation): string | undefined => {
  if (operation._tag === "Found") return whyNotFound(state, signer, operation)
  const device = state.devices.get(signer)
  const member = device === undefined ? undefined : state.members.get(device.member)
  if (device === undefined || member === undefined) return `${signer} is no device of a member`
  if (device.isPaused) return `${device.name} is paused`
  const actor = { member, level: levelOf(state, member) }
  return isSealing(operation)
    ? (managing(actor) ?? CharterSeal.whyNot(state, signer, operation))
    : whyNotActor(state, actor, operation)
}

/**
 * Why a member may not have this done in its name now, where none of its devices signs: what any device of it could sign that
 * is not paused, but for what only a device can do, which is to found a space and to make and hand out keys. The record
 * counts as its signer's, so who signs for members who do not manage the space bounds how much it signs for each.
 */
export const whyNotActing = (state: CharterState, member: string, operation: CharterOperation): string | undefined => {
  const found = state.members.get(member)
  if (found === undefined) return `there is no member ${member}`
  const exhausted = whyNotMoreOf(state, found)
  if (exhausted !== undefined) return exhausted
  const actor = { member: found, level: levelOf(state, found) }
  if (operation._tag === "Found") return "a space is founded by its first owner's device"
  if (!isSealing(operation)) return whyNotActor(state, actor, operation)
  return (
    managing(actor) ?? (operation._tag === "SealSpace" ? undefined : "keys are made and handed out by devices alone")
  )
}

const isSealing = (operation: CharterOperation): operation is CharterSeal.SealOperation =>
  operation._tag === "SealSpace" || operation._tag === "RotateKey" || operation._tag === "ShareKey"

/** What does not depend on which device of the member signs. */
type OfActor = Exclude<CharterOperation, Named<"Found"> | CharterSeal.SealOperation>

const whyNotActor = (state: CharterState, actor: Actor, operation: OfActor): string | undefined => {
  switch (operation._tag) {
    case "AddMember":
    case "RenameMember":
    case "SetMemberRole":
    case "SetMemberTeams":
    case "RemoveMember":
      return ofMember(state, actor, operation)
    case "AddDevice":
    case "RenameDevice":
    case "PauseDevice":
    case "RemoveDevice":
      return ofDevice(state, actor, operation)
    case "SetRole":
    case "RemoveRole":
      return ofRole(state, actor, operation)
    case "SetTeam":
      return managing(actor) ?? removedTeam(state, operation.team)
    case "RemoveTeam":
      return managing(actor) ?? missing(state.teams, operation.team, "team")
    case "SetPolicy":
      return managing(actor) ?? tooLong(operation.text)
    case "RemovePolicy":
      return (
        managing(actor) ?? (state.policy === undefined ? "no policy is in force; the built-in roles decide" : undefined)
      )
    case "SetDeviceLimit":
      return managing(actor)
    case "SetMemberDeviceLimit": {
      const target = state.members.get(operation.member)
      if (target === undefined) return missing(state.members, operation.member, "member")
      return managing(actor) ?? outOfReach(state, actor, target)
    }
  }
}

const whyNotFound = (state: CharterState, signer: PeerId.PeerId, { device }: Named<"Found">): string | undefined => {
  if (state.version > 1 || state.members.size > 0) return "a space is founded once, by its first record"
  return PeerId.fromPublicKey(device) === signer ? undefined : "a space is founded by its first owner's device"
}

const managing = ({ level, member }: Actor): string | undefined =>
  level >= managingLevel ? undefined : `${member.name} has the role ${member.role}, which does not manage the space`

const missing = (map: ReadonlyMap<string, unknown>, id: string, what: string): string | undefined =>
  map.has(id) ? undefined : `there is no ${what} ${id}`

const tooLong = (text: string): string | undefined => {
  const { length } = Bytes.utf8(text)
  return length > policyKeptBytesMax ? `the policy has ${length} bytes, more than ${policyKeptBytesMax}` : undefined
}

/** Its records are there still, and would be those of whoever is in a new team of that id. */
const removedTeam = ({ removedTeams }: CharterState, team: string): string | undefined =>
  removedTeams.has(team) ? `the team ${team} was removed; a new one takes another id` : undefined

/** Owners reach everybody; others reach themselves and who stands below them. */
const outOfReach = (state: CharterState, { level, member }: Actor, target: Member): string | undefined => {
  if (level >= ownerLevel || target.id === member.id || levelOf(state, target) < level) return undefined
  return `${target.name} has the role ${target.role}, which is not below ${member.role}`
}

const grantable = (state: CharterState, { level, member }: Actor, role: string): string | undefined => {
  const found = state.roles.get(role)
  if (found === undefined) return `there is no role ${role}`
  return found.level > level ? `the role ${role} is above ${member.role}, and nobody gives more than it has` : undefined
}

const teamsMissing = (state: CharterState, teams: ReadonlyArray<string>): string | undefined => {
  const unknown = teams.find((team) => !state.teams.has(team))
  return unknown === undefined ? undefined : `there is no team ${unknown}`
}

type OfMember = Named<"AddMember" | "RenameMember" | "SetMemberRole" | "SetMemberTeams" | "RemoveMember">

const ofMember = (state: CharterState, actor: Actor, operation: OfMember): string | undefined => {
  const { member: id } = operation
  const target = state.members.get(id)
  if (operation._tag === "AddMember") {
    if (target !== undefined) return `there is a member ${id} already`
    if (state.removedMembers.has(id)) return `the member ${id} was removed; who comes back comes under another id`
    return managing(actor) ?? grantable(state, actor, operation.role) ?? teamsMissing(state, operation.teams)
  }
  if (target === undefined) return `there is no member ${id}`
  const isSelf = target.id === actor.member.id
  switch (operation._tag) {
    case "RenameMember":
      return isSelf ? undefined : (managing(actor) ?? outOfReach(state, actor, target))
    case "SetMemberRole": {
      const problem = managing(actor) ?? outOfReach(state, actor, target) ?? grantable(state, actor, operation.role)
      if (problem !== undefined || state.roles.get(operation.role)!.level >= ownerLevel) return problem
      return lastOwner(state, target)
    }
    case "SetMemberTeams":
      return managing(actor) ?? outOfReach(state, actor, target) ?? teamsMissing(state, operation.teams)
    case "RemoveMember":
      return (isSelf ? undefined : (managing(actor) ?? outOfReach(state, actor, target))) ?? lastOwner(state, target)
  }
}

/**
 * True for a space that somebody can manage: an owner with a device. Where a hub writes all records, that is the hub's own
 * device; a hub that never was an owner's only orders what others write.
 */
const isManageable = (state: CharterState, isHubWriting = hubWrites(state)): boolean => {
  const { devices, hub } = state
  if (isHubWriting) return isOwners(state, devices.get(hub!))
  return [...devices.values()].some((device) => isOwners(state, device))
}

const isOwners = (state: CharterState, device: Device | undefined): boolean => {
  const member = device === undefined ? undefined : state.members.get(device.member)
  return member !== undefined && !device!.isPaused && levelOf(state, member) >= ownerLevel
}

/** The hub is, or was, a device of a member. */
const hubWrites = ({ devices, hub, removedDevices }: CharterState): boolean =>
  hub !== undefined && (devices.has(hub) || removedDevices.has(hub))

/** A space that nobody can manage any more would stay as it is for ever. */
const lastOwner = (state: CharterState, leaving: Member, without?: Device): string | undefined => {
  const isOf = (device: Device): boolean =>
    without === undefined ? device.member === leaving.id : device.peer === without.peer
  const devices = new Map([...state.devices].filter(([, device]) => !isOf(device)))
  if (!isManageable(state) || isManageable({ ...state, devices }, hubWrites(state))) return undefined
  if (state.hub === undefined || !hubWrites(state)) return "a space keeps at least one owner with a device"
  const hub = state.devices.get(state.hub)!
  return `${hub.name} is the hub, which writes for ${hub.member}: it stays a device of an owner, and is not paused`
}

type OfDevice = Named<"AddDevice" | "RenameDevice" | "PauseDevice" | "RemoveDevice">

const ofDevice = (state: CharterState, actor: Actor, operation: OfDevice): string | undefined => {
  const peer = PeerId.fromPublicKey(operation.device)
  if (operation._tag === "AddDevice") return whyNotAddDevice(state, actor, peer, operation.member)
  const device = state.devices.get(peer)
  if (device === undefined) return `there is no device ${peer}`
  const owner = state.members.get(device.member)!
  const foreign = owner.id === actor.member.id ? undefined : (managing(actor) ?? outOfReach(state, actor, owner))
  switch (operation._tag) {
    case "RenameDevice":
      return foreign
    case "PauseDevice":
      return foreign ?? (operation.isPaused ? lastOwner(state, owner, device) : undefined)
    case "RemoveDevice":
      return foreign ?? lastOwner(state, owner, device)
  }
}

/** Another one's first device is added by whoever could have invited it; a further one would act in its name. */
const whyNotAddDevice = (
  state: CharterState,
  actor: Actor,
  peer: PeerId.PeerId,
  member: string
): string | undefined => {
  const target = state.members.get(member)
  if (target === undefined) return `there is no member ${member}`
  const known = state.devices.get(peer)
  if (known !== undefined) return `${peer} is a device of ${known.member} already`
  if (state.removedDevices.has(peer)) return `${peer} was removed; a device comes back with a new key`
  if (target.id === actor.member.id) return limitReached(state, target)
  const isFirst = devicesOf(state, member).length === 0
  const foreign = isFirst ? grantable(state, actor, target.role) : outOfReach(state, actor, target)
  return managing(actor) ?? foreign ?? limitReached(state, target)
}

const limitReached = (state: CharterState, member: Member): string | undefined => {
  const own = state.deviceLimits.get(member.id)
  const limit = own === undefined ? state.deviceLimit : own
  if (limit === null) return undefined
  const count = devicesOf(state, member.id).length
  return count < limit ? undefined : `${member.name} has ${count} devices, and the limit is ${limit}`
}

const ofRole = (state: CharterState, actor: Actor, operation: Named<"SetRole" | "RemoveRole">): string | undefined => {
  const problem = managing(actor)
  if (problem !== undefined) return problem
  const known = state.roles.get(operation.role)
  if (known?.isBuiltIn === true) return `the role ${known.id} is built in and stays as it is`
  const isOwner = actor.level >= ownerLevel
  if (known !== undefined && known.level >= actor.level && !isOwner) return `the role ${known.id} is not below yours`
  if (operation._tag === "SetRole") {
    return operation.level > actor.level ? "a role above your own is not yours to make" : undefined
  }
  if (known === undefined) return `there is no role ${operation.role}`
  const user = [...state.members.values()].find(({ role }) => role === known.id)
  return user === undefined ? undefined : `${user.name} has the role ${known.id}; give it another one first`
}
