/**
 * What a charter says after a record: members with their devices, roles, teams, limits, the policy document in force.
 * Only what can be looked up stands here; `CharterFold` makes one state of another.
 */
import type { KeyId } from "../crypto/SpaceKey.ts"
import type { HybridTime } from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import { ownerLevel } from "./CharterOperation.ts"
import { noRecord, type RecordId } from "./CharterRecord.ts"

export interface Member {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly teams: ReadonlyArray<string>
  /** Version of the record that brought it in; of two members of one level the one with the smaller one is senior. */
  readonly since: number
}

export interface Device {
  readonly peer: PeerId
  readonly member: string
  readonly name: string
  readonly isPaused: boolean
  readonly since: number
}

export interface Role {
  readonly id: string
  readonly name: string
  /** 1 to 100; see `ownerLevel` and `managingLevel`. */
  readonly level: number
  readonly isBuiltIn: boolean
}

export interface Team {
  readonly id: string
  readonly name: string
}

/** A key of a sealed space, as everybody sees it. */
export interface CharterKey {
  readonly id: KeyId
  readonly commitment: Uint8Array
  /** The key before it, sealed under it; `undefined` where it hands on none. */
  readonly before: Uint8Array | undefined
  /** The key wrapped for devices, in the order in which they were given it; see `KeyWrap`. */
  readonly wraps: ReadonlyArray<Uint8Array>
  /** Version and time of the record that put it in force. */
  readonly since: number
  readonly at: HybridTime
}

/**
 * A key that counts for reading and never was in force here: whoever put it in force did not know of another one, or that record
 * does not count.
 */
export interface KeyBeside extends CharterKey {
  /** The key that it was to stand behind, by its commitment; `undefined` for a first one, or where that is not known. */
  readonly behind: Uint8Array | undefined
  /** A record that counts was to put it in force. Else it was handed out alone. */
  readonly isMade: boolean
  /** Which of the space's keys, from 0, has the readers that this one has beside those who were given it. */
  readonly place: number
}

/** How a space is sealed. */
export interface SpaceSeal {
  /** Each key hands on the one before it. */
  readonly showsHistory: boolean
  /** Days after which a key is replaced; `null` for never by itself. */
  readonly periodDays: number | null
  /** In the order in which they came; the last one is in force. */
  readonly keys: ReadonlyArray<CharterKey>
}

export interface CharterState {
  readonly space: SpaceId
  readonly name: string
  /** Number of records; the policy version of every decision made on this state. */
  readonly version: number
  readonly head: RecordId
  /** The device that orders records, where one does. */
  readonly hub: PeerId | undefined
  readonly members: ReadonlyMap<string, Member>
  readonly devices: ReadonlyMap<PeerId, Device>
  readonly roles: ReadonlyMap<string, Role>
  readonly teams: ReadonlyMap<string, Team>
  /** Ids that were removed and never come back, with the version that removed them. */
  readonly removedMembers: ReadonlyMap<string, number>
  readonly removedDevices: ReadonlyMap<PeerId, number>
  /** Devices that one of their own member removed, or paused and did not take back: lost ones, as a rule. */
  readonly putAside: ReadonlySet<PeerId>
  readonly removedTeams: ReadonlyMap<string, number>
  /** Records of members who do not manage the space, by member. */
  readonly ownRecords: ReadonlyMap<string, number>
  /** The policy document and the version that put it in force. */
  readonly policy: { readonly text: string; readonly version: number } | undefined
  /** The version that last put a document in force or took one out; 0 when none did. */
  readonly policySince: number
  /** Devices that a member may have where nothing else is said; `null` for any number. */
  readonly deviceLimit: number | null
  readonly deviceLimits: ReadonlyMap<string, number | null>
  /** There once the contents of the space are sealed. */
  readonly seal: SpaceSeal | undefined
  /** Keys that records which count hand out and did not put in force, in their order, at most 4,096; also where the space is not sealed. */
  readonly keysBeside: ReadonlyArray<KeyBeside>
  /**
   * The version of the first record that this version of the program cannot judge. From there on anybody may have lost any
   * right: nothing that is said here gives one.
   */
  readonly unread: number | undefined
  /** The highest `newness` of the records. */
  readonly newness: number
}

const builtIn = (id: string, name: string, level: number): Role => ({ id, name, level, isBuiltIn: true })

/** Roles that every charter has. */
export const builtInRoles: ReadonlyArray<Role> = [
  builtIn("owner", "Owner", ownerLevel),
  builtIn("admin", "Admin", 80),
  builtIn("member", "Member", 40),
  builtIn("readonly", "ReadOnly", 20)
]

/** Before the first record. */
export const empty = (space: SpaceId): CharterState => ({
  space,
  name: "",
  version: 0,
  head: noRecord,
  hub: undefined,
  members: new Map(),
  devices: new Map(),
  roles: new Map(builtInRoles.map((role) => [role.id, role])),
  teams: new Map(),
  removedMembers: new Map(),
  removedDevices: new Map(),
  putAside: new Set(),
  removedTeams: new Map(),
  ownRecords: new Map(),
  policy: undefined,
  policySince: 0,
  deviceLimit: null,
  deviceLimits: new Map(),
  seal: undefined,
  keysBeside: [],
  unread: undefined,
  newness: 0
})

/** The devices of a member, in the order in which they came. */
export const devicesOf = ({ devices }: Pick<CharterState, "devices">, member: string): ReadonlyArray<Device> =>
  [...devices.values()].filter((device) => device.member === member)

/** The member whose device a peer is; `undefined` for strangers and removed ones. */
export const memberOf = (
  { devices, members }: Pick<CharterState, "devices" | "members">,
  peer: PeerId
): Member | undefined => {
  const device = devices.get(peer)
  return device === undefined ? undefined : members.get(device.member)
}

/** The level of a member's role; 0 for a role that is not there. */
export const levelOf = ({ roles }: Pick<CharterState, "roles">, { role }: Member): number => roles.get(role)?.level ?? 0
