/**
 * Applying a record to what a charter said before: a new state, or the reason why the record does not count. Pure. Which
 * of several records counts that did not know of each other is `CharterOrder`'s to say.
 */
import * as HybridTime from "../identity/HybridTime.ts"
import * as PeerId from "../identity/PeerId.ts"
import { type CharterOperation, managingLevel, type Named } from "./CharterOperation.ts"
import type { CharterRecord } from "./CharterRecord.ts"
import * as CharterRights from "./CharterRights.ts"
import * as CharterSeal from "./CharterSeal.ts"
import { type CharterState, type Device, devicesOf, levelOf, type Member, memberOf } from "./CharterState.ts"

/** What is wrong with a policy document in a state, or nothing. */
export type PolicyCheck = (text: string, state: CharterState) => string | undefined

/**
 * The state after a record, or why the record does not count: all of its operations do, or none. Documents are no reason,
 * for versions of the program read them differently; `draftProblem` is asked about those of a record that is not written yet.
 */
export const apply = (state: CharterState, record: CharterRecord, draftProblem?: PolicyCheck): CharterState | string =>
  applied(state, record, false, draftProblem)

/**
 * The same at the turn of a record that counted for its writer, in a state that its writer may not have seen: what it was
 * right to remove may not have come, or be gone already, and is kept out all the same; and a key that it was right to put in
 * force may have come too late for that, which is no reason against what it did beside that.
 */
export const applyInTurn = (state: CharterState, record: CharterRecord): CharterState | string =>
  applied(state, record, true)

/**
 * Why a member may not have all of this done in its name by one record, which a device of somebody else signs, or nothing: each
 * operation is judged as `CharterRights.whyNotActing` does, in the state behind those before it.
 */
export const whyNotActing = (
  state: CharterState,
  member: string,
  operations: ReadonlyArray<CharterOperation>
): string | undefined => {
  const version = state.version + 1
  let next: CharterState = { ...state, version }
  for (const operation of operations) {
    const problem = CharterRights.whyNotActing(next, member, operation)
    if (problem !== undefined) return problem
    next = isOfSeal(operation)
      ? CharterSeal.perform(next, operation, { at: HybridTime.zero, version })
      : perform(next, operation, version)
  }
  return undefined
}

const applied = (
  state: CharterState,
  record: CharterRecord,
  isInTurn: boolean,
  draftProblem?: PolicyCheck
): CharterState | string => {
  if (record.space !== state.space) return "it is of another space"
  if (isWithout(state, record))
    return "it stands behind what a later version of the program wrote, which does not count"
  if (record.unread === "later" || record.unread === "refused") return unread(state, record)
  const after = done(state, record, isInTurn, draftProblem)
  return typeof after === "string" && record.unread === "behind" && state.unread !== undefined
    ? unread(state, record)
    : after
}

/**
 * It stands behind a record that does something newer than all that counts here. Who cannot judge such a record knows neither
 * whether that was allowed nor what it would mean for those behind it; so that all versions count the same as long as none
 * such counts, those behind it count with it, or with one as new. A hub vouches for all that it signs.
 */
const isWithout = ({ hub, newness }: CharterState, { restsOn, unread: reason }: CharterRecord): boolean =>
  hub === undefined && reason !== "refused" && restsOn > newness

const done = (
  state: CharterState,
  record: CharterRecord,
  isInTurn: boolean,
  draftProblem?: PolicyCheck
): CharterState | string => {
  const exhausted = CharterRights.whyNotMore(state, record.signer)
  if (exhausted !== undefined) return exhausted
  let next = counted(state, record)
  for (const operation of record.operations) {
    const kept = isInTurn ? (keptOut(next, record.signer, operation) ?? keptBeside(next, record, operation)) : undefined
    if (kept !== undefined) {
      next = kept
      continue
    }
    const problem = CharterRights.whyNot(next, record.signer, operation) ?? problemOf(next, operation, draftProblem)
    if (problem !== undefined) return problem
    next = performBy(next, record, operation)
  }
  return next
}

/**
 * The state after a record of which this version cannot say what it does. The hub's receipt says that one has judged it who
 * could; without a hub it takes somebody who manages the space, so that nobody else closes it to everybody.
 */
const unread = (state: CharterState, record: CharterRecord): CharterState | string => {
  const isVouched = state.hub !== undefined || record.unread === "refused"
  const problem = isVouched ? undefined : CharterRights.whyNotUnread(state, record.signer)
  return problem ?? { ...counted(state, record), unread: state.unread ?? state.version + 1 }
}

/**
 * The state after the removal of what is not there: who manages the space keeps it out for good. `undefined` where something
 * is there, or the device may write nothing.
 */
const keptOut = (state: CharterState, signer: PeerId.PeerId, operation: CharterOperation): CharterState | undefined => {
  if (operation._tag !== "RemoveMember" && operation._tag !== "RemoveDevice") return undefined
  const device = state.devices.get(signer)
  const member = memberOf(state, signer)
  if (device === undefined || member === undefined || device.isPaused) return undefined
  const isManaging = levelOf(state, member) >= managingLevel
  if (operation._tag === "RemoveMember") {
    if (state.members.has(operation.member)) return undefined
    if (state.removedMembers.has(operation.member)) return state
    return isManaging ? removeMember(state, operation.member) : undefined
  }
  const peer = PeerId.fromPublicKey(operation.device)
  if (state.devices.has(peer)) return undefined
  return isManaging && !state.removedDevices.has(peer) ? removeDevices(state, [peer]) : state
}

/**
 * The state after what is done with a key that cannot be done any more. `undefined` where it can, or the device may do nothing
 * with keys.
 */
const keptBeside = (
  state: CharterState,
  record: CharterRecord,
  operation: CharterOperation
): CharterState | undefined => {
  if (operation._tag !== "RotateKey" && operation._tag !== "ShareKey") return undefined
  const { signer } = record
  const device = state.devices.get(signer)
  const member = memberOf(state, signer)
  if (device === undefined || member === undefined || device.isPaused) return undefined
  if (levelOf(state, member) < managingLevel) return undefined
  if (CharterSeal.whyNot(state, signer, operation) === undefined) return undefined
  // Kept beside it would call for a key that replaces it, which those who find room would spend theirs on.
  if (operation._tag === "RotateKey" && !CharterSeal.hasRoomForKey(state, signer)) return state
  return CharterSeal.keepBeside(state, operation, record)
}

/** One record more, and for who does not manage the space one more of its own. */
const counted = (state: CharterState, { id, newness, signer }: CharterRecord): CharterState => {
  const next = { ...state, version: state.version + 1, head: id, newness: Math.max(state.newness, newness) }
  const member = memberOf(state, signer)
  if (member === undefined || levelOf(state, member) >= managingLevel) return next
  return { ...next, ownRecords: having(state.ownRecords, member.id, (state.ownRecords.get(member.id) ?? 0) + 1) }
}

const problemOf = (state: CharterState, operation: CharterOperation, draftProblem?: PolicyCheck): string | undefined =>
  operation._tag === "SetPolicy" ? draftProblem?.(operation.text, state) : undefined

const having = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> => new Map(map).set(key, value)

const lacking = <K, V>(map: ReadonlyMap<K, V>, ...keys: ReadonlyArray<K>): ReadonlyMap<K, V> => {
  const left = new Map(map)
  for (const key of keys) left.delete(key)
  return left
}

/** Carries out what `CharterRights` has allowed, and keeps which devices their own member put aside. */
const performBy = (state: CharterState, record: CharterRecord, operation: CharterOperation): CharterState => {
  if (isOfSeal(operation)) return CharterSeal.perform(state, operation, record)
  const { signer, version } = record
  const next = perform(state, operation, version)
  const aside = ownOutOfUse(state, next, signer, operation)
  if (aside !== undefined) return { ...next, putAside: new Set([...next.putAside, ...aside]) }
  if (operation._tag !== "PauseDevice" || operation.isPaused) return next
  const putAside = new Set(next.putAside)
  return putAside.delete(PeerId.fromPublicKey(operation.device)) ? { ...next, putAside } : next
}

const isOfSeal = (operation: CharterOperation): operation is CharterSeal.SealOperation =>
  operation._tag === "SealSpace" || operation._tag === "RotateKey" || operation._tag === "ShareKey"

/** The devices of the signer's own member that an operation takes out of use. */
const ownOutOfUse = (
  before: CharterState,
  after: CharterState,
  signer: PeerId.PeerId,
  { _tag }: CharterOperation
): ReadonlyArray<PeerId.PeerId> | undefined => {
  if (_tag !== "RemoveMember" && _tag !== "RemoveDevice" && _tag !== "PauseDevice") return undefined
  const member = before.devices.get(signer)?.member
  const isInUse = ({ devices }: CharterState, peer: PeerId.PeerId) => devices.get(peer)?.isPaused === false
  const own = member === undefined ? [] : devicesOf(before, member).map(({ peer }) => peer)
  const aside = own.filter((peer) => isInUse(before, peer) && !isInUse(after, peer))
  return aside.length === 0 ? undefined : aside
}

/** Carries it out. `since`: the version of the record, by which members and devices are told to be older or younger. */
const perform = (
  state: CharterState,
  operation: Exclude<CharterOperation, CharterSeal.SealOperation>,
  since: number
): CharterState => {
  const { devices, members, roles, teams, version } = state
  switch (operation._tag) {
    case "Found":
      return found(state, operation)
    case "AddMember": {
      const { member: id, name, role } = operation
      return {
        ...state,
        members: having(members, id, { id, name, role, teams: unique(operation.teams), since })
      }
    }
    case "RenameMember":
      return withMember(state, operation.member, { name: operation.name })
    case "SetMemberRole":
      return withMember(state, operation.member, { role: operation.role })
    case "SetMemberTeams":
      return withMember(state, operation.member, { teams: unique(operation.teams) })
    case "RemoveMember":
      return removeMember(state, operation.member)
    case "AddDevice": {
      const { member, name } = operation
      const peer = PeerId.fromPublicKey(operation.device)
      return { ...state, devices: having(devices, peer, { peer, member, name, isPaused: false, since }) }
    }
    case "RenameDevice":
      return withDevice(state, operation.device, { name: operation.name })
    case "PauseDevice":
      return withDevice(state, operation.device, { isPaused: operation.isPaused })
    case "RemoveDevice":
      return removeDevices(state, [PeerId.fromPublicKey(operation.device)])
    case "SetRole": {
      const { level, name, role: id } = operation
      return { ...state, roles: having(roles, id, { id, name, level, isBuiltIn: false }) }
    }
    case "RemoveRole":
      return { ...state, roles: lacking(roles, operation.role) }
    case "SetTeam":
      return { ...state, teams: having(teams, operation.team, { id: operation.team, name: operation.name }) }
    case "RemoveTeam":
      return removeTeam(state, operation.team)
    case "SetPolicy":
      return { ...state, policy: { text: operation.text, version }, policySince: version }
    case "RemovePolicy":
      return { ...state, policy: undefined, policySince: version }
    case "SetDeviceLimit":
      return { ...state, deviceLimit: operation.limit }
    case "SetMemberDeviceLimit": {
      const { isOwn, limit, member } = operation
      const deviceLimits = isOwn ? having(state.deviceLimits, member, limit) : lacking(state.deviceLimits, member)
      return { ...state, deviceLimits }
    }
  }
}

const unique = (teams: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(teams)].sort()

const found = (state: CharterState, operation: Named<"Found">): CharterState => {
  const { deviceName, hub, member, memberName, name } = operation
  const since = state.version
  const peer = PeerId.fromPublicKey(operation.device)
  return {
    ...state,
    name,
    hub: hub === null ? undefined : PeerId.fromPublicKey(hub),
    members: new Map([[member, { id: member, name: memberName, role: "owner", teams: [], since }]]),
    devices: new Map([[peer, { peer, member, name: deviceName, isPaused: false, since }]])
  }
}

const withMember = (state: CharterState, id: string, change: Partial<Member>): CharterState => ({
  ...state,
  members: having(state.members, id, { ...state.members.get(id)!, ...change })
})

const withDevice = (state: CharterState, key: Uint8Array, change: Partial<Device>): CharterState => {
  const peer = PeerId.fromPublicKey(key)
  return { ...state, devices: having(state.devices, peer, { ...state.devices.get(peer)!, ...change }) }
}

const removeMember = (state: CharterState, id: string): CharterState => {
  const peers = devicesOf(state, id).map(({ peer }) => peer)
  return {
    ...removeDevices(state, peers),
    members: lacking(state.members, id),
    deviceLimits: lacking(state.deviceLimits, id),
    removedMembers: having(state.removedMembers, id, state.version)
  }
}

const removeDevices = (state: CharterState, peers: ReadonlyArray<PeerId.PeerId>): CharterState => {
  const removedDevices = new Map(state.removedDevices)
  for (const peer of peers) removedDevices.set(peer, state.version)
  return { ...state, devices: lacking(state.devices, ...peers), removedDevices }
}

const removeTeam = (state: CharterState, team: string): CharterState => {
  const members = new Map(state.members)
  for (const member of members.values()) {
    if (!member.teams.includes(team)) continue
    members.set(member.id, { ...member, teams: member.teams.filter((each) => each !== team) })
  }
  const removedTeams = having(state.removedTeams, team, state.version)
  return { ...state, members, teams: lacking(state.teams, team), removedTeams }
}
