/**
 * The part of the command tree that looks after a team at its hub: `syncline member …`, `device …`, `team …` and `role …`. What a
 * command does is loaded only when it runs.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Option } from "effect"
import { doing, text } from "./Flags.ts"

const loadCommands = () => import("./commands/teamCommands.ts")

const memberId = Argument.String("id").pipe(
  Argument.withDescription("The member's id: small letters, digits, dots, dashes or underscores")
)
const peer = Argument.String("peer").pipe(
  Argument.withDescription("The device's id, as `syncline id` prints it on the device")
)

const listMembers = Command.make(
  "list",
  {},
  doing(loadCommands, ({ members }, input) => members(input))
).pipe(Command.withDescription("Print the members with their roles, teams and devices"))

const addMember = Command.make(
  "add",
  {
    id: memberId,
    name: text("name", "name", "What people call it (default the id)"),
    role: Flag.String("role").pipe(
      Flag.withMetavar("role"),
      Flag.withDescription("owner, admin, member, readonly or a role of the charter (default member)"),
      Flag.withDefault("member")
    ),
    teams: Flag.String("team").pipe(
      Flag.withMetavar("team"),
      Flag.withDescription("A team that it is in; may be given several times"),
      Flag.atLeast(0)
    ),
    device: text("device", "peer", "Its first device, in the same record"),
    deviceName: text("device-name", "name", "What people call that device")
  },
  doing(loadCommands, ({ addMember }, input) => addMember(input))
).pipe(
  Command.withDescription("Add a member, and a device of it"),
  Command.withExamples([
    { command: "syncline member add mia --name Mia --team north --device 12D3KooW… --data ./data" }
  ])
)

const removeMember = Command.make(
  "remove",
  { id: memberId },
  doing(loadCommands, ({ removeMember }, input) => removeMember(input))
).pipe(Command.withDescription("Remove a member and its devices, for good: neither id ever comes back"))

const setRole = Command.make(
  "role",
  { id: memberId, role: Argument.String("role").pipe(Argument.withDescription("The role that it gets")) },
  doing(loadCommands, ({ setRole }, input) => setRole(input))
).pipe(Command.withDescription("Give a member another role"))

const setTeams = Command.make(
  "teams",
  {
    id: memberId,
    teams: Argument.String("team").pipe(
      Argument.withDescription("All teams that it is in from now on; none takes it out of all"),
      Argument.atLeast(0)
    )
  },
  doing(loadCommands, ({ setTeams }, input) => setTeams(input))
).pipe(Command.withDescription("Say which teams a member is in"))

const devices = Argument.String("devices")

const limitMember = Command.make(
  "limit",
  {
    id: memberId,
    devices: devices.pipe(
      Argument.withDescription("How many devices it may have, `any`, or `default` for what all may")
    )
  },
  doing(loadCommands, ({ limitMember }, input) => limitMember(input))
).pipe(Command.withDescription("Say how many devices a member may have; those that it has stay"))

const onHub = "at the team's hub that runs on the folder --data"

export const member = Command.make("member").pipe(
  Command.withDescription(`Look after the members, ${onHub}`),
  Command.withSubcommands([listMembers, addMember, removeMember, setRole, setTeams, limitMember])
)

const addDevice = Command.make(
  "add",
  {
    member: Argument.String("member").pipe(Argument.withDescription("The member whose device it is")),
    peer,
    name: text("name", "name", "What people call it")
  },
  doing(loadCommands, ({ addDevice }, input) => addDevice(input))
).pipe(Command.withDescription("Add a device to a member"))

const removeDevice = Command.make(
  "remove",
  { peer },
  doing(loadCommands, ({ removeDevice }, input) => removeDevice(input))
).pipe(Command.withDescription("Remove a device, for good: its id never comes back"))

const pausing = (name: string, isPaused: boolean, description: string) =>
  Command.make(
    name,
    { peer },
    doing(loadCommands, ({ pauseDevice }, input) => pauseDevice({ ...input, isPaused }))
  ).pipe(Command.withDescription(description))

const limitAll = Command.make(
  "limit",
  { devices: devices.pipe(Argument.withDescription("How many devices each member may have, or `any`")) },
  doing(loadCommands, ({ limitAll }, input) => limitAll(input))
).pipe(Command.withDescription("Say how many devices members may have who have no limit of their own"))

export const device = Command.make("device").pipe(
  Command.withDescription(`Look after the members' devices, ${onHub}`),
  Command.withSubcommands([
    addDevice,
    removeDevice,
    pausing("pause", true, "Let a device get and give nothing until it is resumed"),
    pausing("resume", false, "Let a paused device go on"),
    limitAll
  ])
)

export const seal = Command.make(
  "seal",
  {
    periodDays: Flag.Int("period-days").pipe(
      Flag.withMetavar("days"),
      Flag.withDescription("Replace the key by itself after so many days, 1 to 3650 (default never)"),
      Flag.filter(
        (days) => days >= 1 && days <= 3650,
        (days) => `--period-days must be 1 to 3650, not ${days}`
      ),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    hidesHistory: Flag.Boolean("hide-history").pipe(
      Flag.withDescription("Give newcomers no key of before they came"),
      Flag.withDefault(false)
    )
  },
  doing(loadCommands, ({ seal }, input) => seal(input))
).pipe(
  Command.withDescription(
    `Seal the contents of records end to end, for good, ${onHub}; again to say how keys are kept. A device that manages the team makes the key`
  ),
  Command.withExamples([{ command: "syncline seal --period-days 90 --data ./data" }])
)

const teamId = Argument.String("id").pipe(Argument.withDescription("The team's id, as header fields name it"))

const addTeam = Command.make(
  "add",
  { id: teamId, name: text("name", "name", "What people call it (default the id)") },
  doing(loadCommands, ({ addTeam }, input) => addTeam(input))
).pipe(Command.withDescription("Make a team, or rename it"))

const removeTeam = Command.make(
  "remove",
  { id: teamId },
  doing(loadCommands, ({ removeTeam }, input) => removeTeam(input))
).pipe(Command.withDescription("Remove a team, and take it from all its members"))

export const team = Command.make("team").pipe(
  Command.withDescription(`Look after the teams, ${onHub}`),
  Command.withSubcommands([addTeam, removeTeam])
)

const roleId = Argument.String("id").pipe(Argument.withDescription("The role's id, as members and rules name it"))

const listRoles = Command.make(
  "list",
  {},
  doing(loadCommands, ({ roles }, input) => roles(input))
).pipe(Command.withDescription("Print the roles with their levels"))

const makeRole = Command.make(
  "set",
  {
    id: roleId,
    level: Flag.Int("level").pipe(
      Flag.withMetavar("level"),
      Flag.withDescription(
        "1 to 99: from 80 it manages the team; from 40 it writes until there is a policy, which says more"
      ),
      Flag.filter(
        (level) => level >= 1 && level <= 99,
        (level) => `--level must be 1 to 99, not ${level}`
      )
    ),
    name: text("name", "name", "What people call it (default the id)")
  },
  doing(loadCommands, ({ makeRole }, input) => makeRole(input))
).pipe(Command.withDescription("Make a role, or change one that is not built in"))

const removeRole = Command.make(
  "remove",
  { id: roleId },
  doing(loadCommands, ({ removeRole }, input) => removeRole(input))
).pipe(Command.withDescription("Remove a role that no member has"))

export const role = Command.make("role").pipe(
  Command.withDescription(`Look after the roles, ${onHub}; what they may do stands in the policy`),
  Command.withSubcommands([listRoles, makeRole, removeRole])
)
