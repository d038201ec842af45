/**
 * What a record of a charter may do, version 1: one closed union. Whether it may is `CharterRights`' to say, and what
 * comes of it `CharterState`'s. The order of fields is the order in which they are signed.
 */
import { Schema } from "effect"
import { commitmentBytes, sealedKeyBytes, wrapBytes } from "../crypto/SpaceKey.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import { publicKeyBytes } from "../identity/PeerId.ts"

/** Longest id of a member, role or team. */
export const idCharsMax = 64
/** Longest name that people give. */
export const nameCharsMax = 128
/** Most teams of one member. */
export const teamsPerMemberMax = 256
/** Longest policy document that is put in force, in bytes of UTF-8. */
export const policyBytesMax = 64 * 1024
/** Longest one that a record may have which was written under an earlier bound. */
export const policyKeptBytesMax = 128 * 1024
/** Days after which a key is replaced by itself, at most. */
export const keyPeriodDaysMax = 3_650
/** Devices that one operation hands a key to; more get it by further records. */
export const wrapsMax = 1_700
/** Devices that a limit may allow at most. */
export const deviceLimitMax = 10_000

/** The level of owners; custom roles lie below. */
export const ownerLevel = 100
/** From this level on a role manages members, roles, teams and the policy. */
export const managingLevel = 80

const idPattern = /^[a-z0-9][a-z0-9._-]*$/

/** True for the id of a member, role or team. */
export const isId = (text: unknown): text is string =>
  typeof text === "string" && text.length <= idCharsMax && idPattern.test(text)

const Id = Schema.String.check(
  Schema.makeFilter(
    (text: string) => isId(text) || `must have 1 to ${idCharsMax} small letters, digits, dots, dashes or underscores`
  )
)
const Name = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(nameCharsMax))
const Device = Schema.Uint8Array.check(
  Schema.makeFilter((bytes: Uint8Array) => bytes.length === publicKeyBytes || `must have ${publicKeyBytes} bytes`)
)
const Teams = Schema.Array(Id).check(Schema.isMaxLength(teamsPerMemberMax))
const within = (min: number, max: number) =>
  Schema.Int.check(Schema.isGreaterThanOrEqualTo(min), Schema.isLessThanOrEqualTo(max))
const DeviceLimit = Schema.NullOr(within(0, deviceLimitMax))

/** Begins a space: its name, its first owner with one device, and the hub that orders records, if one does. */
export const Found = Schema.TaggedStruct("Found", {
  name: Name,
  hub: Schema.NullOr(Device),
  member: Id,
  memberName: Name,
  device: Device,
  deviceName: Name
})
export const AddMember = Schema.TaggedStruct("AddMember", { member: Id, name: Name, role: Id, teams: Teams })
export const RenameMember = Schema.TaggedStruct("RenameMember", { member: Id, name: Name })
export const SetMemberRole = Schema.TaggedStruct("SetMemberRole", { member: Id, role: Id })
export const SetMemberTeams = Schema.TaggedStruct("SetMemberTeams", { member: Id, teams: Teams })
/** Ends a member's rights and those of its devices, for good: neither id ever comes back. */
export const RemoveMember = Schema.TaggedStruct("RemoveMember", { member: Id })
export const AddDevice = Schema.TaggedStruct("AddDevice", { member: Id, device: Device, name: Name })
export const RenameDevice = Schema.TaggedStruct("RenameDevice", { device: Device, name: Name })
/** A paused device keeps its place and gets and gives nothing. */
export const PauseDevice = Schema.TaggedStruct("PauseDevice", { device: Device, isPaused: Schema.Boolean })
export const RemoveDevice = Schema.TaggedStruct("RemoveDevice", { device: Device })
/** Makes a role, or changes one that is not built in. */
export const SetRole = Schema.TaggedStruct("SetRole", { role: Id, name: Name, level: within(1, ownerLevel - 1) })
export const RemoveRole = Schema.TaggedStruct("RemoveRole", { role: Id })
export const SetTeam = Schema.TaggedStruct("SetTeam", { team: Id, name: Name })
/** Takes the team from all its members. */
export const RemoveTeam = Schema.TaggedStruct("RemoveTeam", { team: Id })
/** Puts a policy document in force. What it says is the policy's business. */
export const SetPolicy = Schema.TaggedStruct("SetPolicy", { text: Schema.String })
/** How many devices members may have: each one, where nothing else is said of it. `null` means any number. */
export const SetDeviceLimit = Schema.TaggedStruct("SetDeviceLimit", { limit: DeviceLimit })
/** The same for one member; `isOwn: false` takes its own limit away. */
export const SetMemberDeviceLimit = Schema.TaggedStruct("SetMemberDeviceLimit", {
  member: Id,
  isOwn: Schema.Boolean,
  limit: DeviceLimit
})
const bytesOf = (length: number) =>
  Schema.Uint8Array.check(
    Schema.makeFilter((bytes: Uint8Array) => bytes.length === length || `must have ${length} bytes`)
  )
const Commitment = bytesOf(commitmentBytes)
const Wraps = Schema.Uint8Array.check(
  Schema.makeFilter(
    ({ length }: Uint8Array) =>
      (length % wrapBytes === 0 && length <= wrapsMax * wrapBytes) ||
      `must have up to ${wrapsMax} times ${wrapBytes} bytes`
  )
)
/**
 * Contents of the space are sealed from now on, for good; again to say otherwise how its keys are kept: whether each hands on
 * the one before it, so that newcomers read what was there, and after how many days a key is replaced.
 */
export const SealSpace = Schema.TaggedStruct("SealSpace", {
  showsHistory: Schema.Boolean,
  periodDays: Schema.NullOr(within(1, keyPeriodDaysMax))
})
/** Puts a key in force behind another one, or as the first, and hands it to devices. */
export const RotateKey = Schema.TaggedStruct("RotateKey", {
  key: Commitment,
  behind: Schema.NullOr(Commitment),
  /** The key that it stands behind, sealed under it. */
  before: Schema.NullOr(bytesOf(sealedKeyBytes)),
  wraps: Wraps
})
/** Hands a key that was put in force to further devices. */
export const ShareKey = Schema.TaggedStruct("ShareKey", { key: Commitment, wraps: Wraps })
/** Takes the policy document out of force: the built-in roles decide again. */
export const RemovePolicy = Schema.TaggedStruct("RemovePolicy", {})

// The place in this list is the tag of an operation: entries are only ever added at the end. What is added takes who manages
// the space and raises nobody's level, for versions without it order records as if it did nothing.
const schemas = [
  Found,
  AddMember,
  RenameMember,
  SetMemberRole,
  SetMemberTeams,
  RemoveMember,
  AddDevice,
  RenameDevice,
  PauseDevice,
  RemoveDevice,
  SetRole,
  RemoveRole,
  SetTeam,
  RemoveTeam,
  SetPolicy,
  SetDeviceLimit,
  SetMemberDeviceLimit,
  RemovePolicy,
  SealSpace,
  RotateKey,
  ShareKey
] as const

/** Tags below it are known to every version of the program; those from it on were added later. */
const firstTags = 21

export const CharterOperation = Schema.Union(schemas)
export type CharterOperation = typeof CharterOperation.Type

/** Keys of devices as texts, which JSON can hold. */
type AsJson<A> = A extends Uint8Array ? PeerId.PeerId : A
/** Operations that have a form as JSON: keys are made, wrapped and signed by a device itself. */
type Tags = Exclude<CharterOperation["_tag"], "RotateKey" | "ShareKey">
export type CharterOperationJson = {
  [Tag in Tags]: { readonly [F in keyof Named<Tag>]: AsJson<Named<Tag>[F]> }
}[Tags]

/** The operation of its JSON; `undefined` for what is none. */
const readJson = (json: unknown): CharterOperation | undefined => {
  if (typeof json !== "object" || json === null) return undefined
  const operation: Record<string, unknown> = { ...json }
  for (const field of ["device", "hub"]) {
    const text = operation[field]
    if (typeof text === "string") operation[field] = PeerId.toPublicKey(text)
  }
  if (!isOperation(operation) || operation._tag === "RotateKey" || operation._tag === "ShareKey") return undefined
  return operation
}

const isOperation = Schema.is(CharterOperation)

/** An operation as JSON has it: `_tag`, and keys of devices as peer ids. */
export const Json: Schema.Codec<CharterOperationJson> = Schema.declare(
  (json): json is CharterOperationJson => readJson(json) !== undefined,
  { expected: "an operation of a charter, with peer ids for devices" }
)

/** The operation of checked JSON. */
export const fromJson = (json: CharterOperationJson): CharterOperation => readJson(json)!

/** One operation by its name. */
export type Named<Tag extends CharterOperation["_tag"]> = Extract<CharterOperation, { readonly _tag: Tag }>

interface Entry {
  readonly tag: number
  readonly name: CharterOperation["_tag"]
  readonly fields: ReadonlyArray<string>
  readonly isValid: (input: unknown) => boolean
}

const entries: ReadonlyArray<Entry> = schemas.map((schema, tag) => ({
  tag,
  name: schema.fields._tag.schema.literal,
  fields: Object.keys(schema.fields).filter((field) => field !== "_tag"),
  isValid: Schema.is(schema as Schema.Codec<CharterOperation, unknown>)
}))
const entryByName = new Map<string, Entry>(entries.map((entry) => [entry.name, entry]))

/** What is encoded: the tag, then the fields. */
export const toWire = (operation: CharterOperation): ReadonlyArray<unknown> => {
  const entry = entryByName.get(operation._tag)!
  const fields = operation as unknown as Record<string, unknown>
  return [entry.tag, ...entry.fields.map((field) => fields[field])]
}

/**
 * How new what is encoded is: 0 for what every version knows, else its tag. Asked only of what `fromWire` reads.
 */
export const newnessOf = (input: unknown): number => {
  const [tag] = input as readonly [number]
  return tag < firstTags ? 0 : tag
}

/** What is read shares no memory with what it was read from. */
const ownOf = (value: unknown): unknown => (value instanceof Uint8Array ? Bytes.copy(value) : value)

/** The operation, `"newer"` for a tag that only a later version has, or `undefined` for what is none. */
export const fromWire = (input: unknown): CharterOperation | "newer" | undefined => {
  if (!Array.isArray(input)) return undefined
  const [tag, ...values] = input as ReadonlyArray<unknown>
  if (!Number.isSafeInteger(tag) || (tag as number) < 0) return undefined
  const entry = entries[tag as number]
  if (entry === undefined) return "newer"
  if (values.length !== entry.fields.length) return undefined
  const operation: Record<string, unknown> = { _tag: entry.name }
  entry.fields.forEach((field, i) => (operation[field] = ownOf(values[i])))
  return entry.isValid(operation) ? (operation as unknown as CharterOperation) : undefined
}
