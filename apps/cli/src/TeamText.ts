/**
 * A team as people read it: a table of its members, each with its devices below. Programs read the object itself.
 */
import * as PlainText from "./PlainText.ts"
import * as Progress from "./Progress.ts"
import type { Team } from "./Team.ts"

const heads = ["MEMBER", "NAME", "ROLE", "TEAMS"]

/** A row for each member, and below it one for each of its devices, whose peer id comes first. */
export const table = ({ devices, members }: Team): string => {
  const rows = members.map(({ id, name, role, teams }) => [id, name, role, teams.join(", ") || "-"].map(PlainText.part))
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]!.length)))
  const line = (row: ReadonlyArray<string>) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd()
  const lines = members.flatMap(({ id }, i) => [
    line(rows[i]!),
    ...devices.filter(({ member }) => member === id).map(deviceLine)
  ])
  return [line(heads), ...lines].join("\n")
}

const deviceLine = ({ isPaused, name, peer }: Team["devices"][number]): string =>
  PlainText.part(`  ${peer}  ${name}${isPaused ? ", paused" : ""}`)

/** How many there are, and the teams. */
export const summary = ({ closed, deviceLimit, devices, members, name, seal, teams, version }: Team): string => {
  const named = teams.length === 0 ? "no teams" : `teams ${teams.map(({ id }) => id).join(", ")}`
  const counts = `${Progress.counted(members.length, "member")}, ${Progress.counted(devices.length, "device")}`
  const limited = deviceLimit === null ? "" : `, at most ${limit(deviceLimit)} each`
  const why = closed === null ? "" : `\nThe space is closed: ${closed}.`
  return `${name}: ${counts}${limited}, ${named}; ${sealed(seal)}version ${version} of the charter.${why}`
}

const sealed = (seal: Team["seal"]): string => {
  if (seal === null) return ""
  return seal.keys === 0 ? "sealed once somebody who manages it is online; " : `sealed, key ${seal.keys}; `
}

/** A role; its id comes first. */
export const role = ({ id, isBuiltIn, level, name }: Team["roles"][number]): string =>
  PlainText.part(`${id}  level ${level}, ${name}${isBuiltIn ? ", built in" : ""}`)

/** How many devices a member may have. */
export const limit = (devices: number | null): string =>
  devices === null ? "any number of devices" : Progress.counted(devices, "device")

/** Whose device it is. */
export const deviceName = ({ devices, members }: Team, peer: string): string => {
  const device = devices.find((each) => each.peer === peer)
  if (device === undefined) return peer
  const member = members.find(({ id }) => id === device.member)
  return PlainText.part(`${member?.name ?? device.member}'s ${device.name} (${device.member})`)
}
