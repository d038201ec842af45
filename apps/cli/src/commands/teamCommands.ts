/**
 * `syncline member`, `device` and `team`: each writes one record into the charter of the team's hub that runs on the
 * folder, through its local door. Whether a record is right the hub decides; only ids are looked at here.
 */
import { CharterOperation, PeerId } from "@syncline/core"
import { AdminTeam } from "@syncline/core/admin"
import { Effect } from "effect"
import { because, UsageInvalid } from "../CliError.ts"
import * as LocalDoor from "../LocalDoor.ts"
import { Output } from "../Output.ts"
import * as Team from "../Team.ts"
import * as TeamText from "../TeamText.ts"

interface On {
  readonly data: string
}

export const members = Effect.fnUntraced(function* ({ data }: On) {
  const output = yield* Output
  const team = yield* Team.ask(data)
  yield* output.result(team, TeamText.table(team))
  yield* output.note(TeamText.summary(team))
})

export interface AddMemberInput extends On {
  readonly id: string
  readonly name: string | undefined
  readonly role: string
  readonly teams: ReadonlyArray<string>
  readonly device: string | undefined
  readonly deviceName: string | undefined
}

export const addMember = Effect.fnUntraced(function* (input: AddMemberInput) {
  const { deviceName, id, role, teams } = input
  const member = yield* idOf(id)
  const operations: Array<CharterOperation.CharterOperationJson> = [
    { _tag: "AddMember", member, name: input.name ?? id, role, teams }
  ]
  if (input.device === undefined && deviceName !== undefined) {
    return yield* because(new UsageInvalid({ problem: "--device-name goes with --device." }))
  }
  if (input.device !== undefined) {
    const device = yield* peerOf(input.device)
    operations.push({ _tag: "AddDevice", member, device, name: deviceName ?? nameOfDevice(id) })
  }
  const having = input.device === undefined ? "" : ` with the device ${input.device}`
  yield* write(input.data, operations, `${id} is a member now${having}`)
})

const nameOfDevice = (member: string): string => `device of ${member}`

export const removeMember = Effect.fnUntraced(function* ({ data, id }: On & { readonly id: string }) {
  const operation = { _tag: "RemoveMember" as const, member: yield* idOf(id) }
  yield* write(data, [operation], `${id} is no member any more, and its devices are out`)
})

export const setRole = Effect.fnUntraced(function* ({
  data,
  id,
  role
}: On & { readonly id: string; readonly role: string }) {
  const operation = { _tag: "SetMemberRole" as const, member: yield* idOf(id), role: yield* idOf(role) }
  yield* write(data, [operation], `${id} has the role ${role} now`)
})

export const setTeams = Effect.fnUntraced(function* ({
  data,
  id,
  teams
}: On & { readonly id: string; readonly teams: ReadonlyArray<string> }) {
  yield* Effect.forEach(teams, idOf)
  const where = teams.length === 0 ? "in no team" : `in ${teams.join(", ")}`
  yield* write(data, [{ _tag: "SetMemberTeams", member: yield* idOf(id), teams }], `${id} is ${where} now`)
})

export interface AddDeviceInput extends On {
  readonly member: string
  readonly peer: string
  readonly name: string | undefined
}

export const addDevice = Effect.fnUntraced(function* ({ data, member, name, peer }: AddDeviceInput) {
  const device = yield* peerOf(peer)
  const operation = {
    _tag: "AddDevice" as const,
    member: yield* idOf(member),
    device,
    name: name ?? nameOfDevice(member)
  }
  yield* write(data, [operation], `${peer} is a device of ${member} now`)
})

export const removeDevice = Effect.fnUntraced(function* ({ data, peer }: On & { readonly peer: string }) {
  const operation = { _tag: "RemoveDevice" as const, device: yield* peerOf(peer) }
  yield* write(data, [operation], `${peer} is out, for good`)
})

export interface PauseInput extends On {
  readonly peer: string
  readonly isPaused: boolean
}

export const pauseDevice = Effect.fnUntraced(function* ({ data, isPaused, peer }: PauseInput) {
  const operation = { _tag: "PauseDevice" as const, device: yield* peerOf(peer), isPaused }
  yield* write(data, [operation], `${peer} ${isPaused ? "is paused" : "goes on"}`)
})

export const addTeam = Effect.fnUntraced(function* ({
  data,
  id,
  name
}: On & { readonly id: string; readonly name: string | undefined }) {
  yield* write(data, [{ _tag: "SetTeam", team: yield* idOf(id), name: name ?? id }], `There is a team ${id}`)
})

export const removeTeam = Effect.fnUntraced(function* ({ data, id }: On & { readonly id: string }) {
  yield* write(data, [{ _tag: "RemoveTeam", team: yield* idOf(id) }], `There is no team ${id} any more`)
})

export const roles = Effect.fnUntraced(function* ({ data }: On) {
  const output = yield* Output
  const team = yield* Team.ask(data)
  for (const role of team.roles) yield* output.line(role, TeamText.role(role))
})

export interface MakeRoleInput extends On {
  readonly id: string
  readonly level: number
  readonly name: string | undefined
}

export const makeRole = Effect.fnUntraced(function* ({ data, id, level, name }: MakeRoleInput) {
  const operation = { _tag: "SetRole" as const, role: yield* idOf(id), name: name ?? id, level }
  yield* write(data, [operation], `The role ${id} has level ${level} now`)
})

export const removeRole = Effect.fnUntraced(function* ({ data, id }: On & { readonly id: string }) {
  yield* write(data, [{ _tag: "RemoveRole", role: yield* idOf(id) }], `There is no role ${id} any more`)
})

export interface LimitInput extends On {
  /** A number of devices, "any", or of a member "default": what holds for all. */
  readonly devices: string
}

export const limitAll = Effect.fnUntraced(function* ({ data, devices }: LimitInput) {
  const limit = yield* limitOf(devices)
  yield* write(data, [{ _tag: "SetDeviceLimit", limit }], `Each member may have ${TeamText.limit(limit)} now`)
})

export const limitMember = Effect.fnUntraced(function* ({ data, devices, id }: LimitInput & { readonly id: string }) {
  const isOwn = devices !== "default"
  const limit = isOwn ? yield* limitOf(devices) : null
  const operation = { _tag: "SetMemberDeviceLimit" as const, member: yield* idOf(id), isOwn, limit }
  yield* write(data, [operation], `${id} may have ${isOwn ? TeamText.limit(limit) : "as many devices as others"} now`)
})

export interface SealInput extends On {
  readonly periodDays: number | undefined
  readonly hidesHistory: boolean
}

export const seal = Effect.fnUntraced(function* ({ data, hidesHistory, periodDays }: SealInput) {
  const output = yield* Output
  yield* write(
    data,
    [{ _tag: "SealSpace", showsHistory: !hidesHistory, periodDays: periodDays ?? null }],
    "Contents are sealed as soon as a device that manages the team has made the key"
  )
  yield* output.note(
    "The hub has no key: it goes on keeping and passing on what it cannot read, and shows no field of it."
  )
})

const limitOf = Effect.fnUntraced(function* (text: string) {
  if (text === "any") return null
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (limit <= CharterOperation.deviceLimitMax) return limit
  const problem = `${text} is no number of devices: it is 0 to ${CharterOperation.deviceLimitMax}, or any.`
  return yield* because(new UsageInvalid({ problem }))
})

const write = Effect.fnUntraced(function* (
  data: string,
  operations: ReadonlyArray<CharterOperation.CharterOperationJson>,
  done: string
) {
  const output = yield* Output
  const answer = yield* LocalDoor.ask(data, {
    path: "charter/records",
    answer: AdminTeam.Written,
    body: { operations }
  })
  yield* output.result(answer, `${done}: version ${answer.version} of the charter.`)
})

const idOf = Effect.fnUntraced(function* (text: string) {
  const isId: boolean = CharterOperation.isId(text)
  if (isId) return text
  const letters = `1 to ${CharterOperation.idCharsMax} small letters, digits, dots, dashes or underscores`
  return yield* because(new UsageInvalid({ problem: `${text} is no id of a member, role or team: it has ${letters}.` }))
})

const peerOf = Effect.fnUntraced(function* (text: string) {
  if (PeerId.is(text)) return text
  const problem = `${text} is no peer id; take it from syncline id on the device.`
  return yield* because(new UsageInvalid({ problem }))
})
