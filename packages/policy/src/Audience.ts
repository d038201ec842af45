/**
 * Whom a record is for, as the value of one of its header fields: members by their id, teams as `team:` and their id,
 * devices by their peer id. A record's audience is set when it is made, and records with the same one share a partition.
 * Whether it lets anybody do anything is up to the rules.
 */
import { CharterOperation, PeerId } from "@syncline/core"
import type { PolicySubject } from "./PolicySubject.ts"

/** Longest audience in characters, as header values may have; for more people make a team. */
export const charsMax = 256

const teamPrefix = "team:"

/** The id of the team that a name stands for; `undefined` for a member or device. */
export const teamIn = (name: string): string | undefined =>
  name.startsWith(teamPrefix) ? name.slice(teamPrefix.length) : undefined

/** True for one name of an audience. */
export const isName = (name: string): boolean => {
  const team = teamIn(name)
  return team === undefined ? CharterOperation.isId(name) || PeerId.is(name) : CharterOperation.isId(team)
}

/** The header value of an audience. Throws a `RangeError` for what is no name, and for an audience that is too long. */
export const of = (names: Iterable<string>): string => {
  const sorted = [...new Set(names)].toSorted()
  for (const name of sorted) {
    if (!isName(name)) {
      throw new RangeError(`${JSON.stringify(name)} is no member's id, no team:… and no peer id`)
    }
  }
  const text = sorted.join(" ")
  if (text.length > charsMax) {
    throw new RangeError(`an audience has at most ${charsMax} characters, and this one ${text.length}; make a team`)
  }
  return text
}

/** The names of a header value; `undefined` when `of` would not write it so. */
export const namesOf = (value: string): ReadonlyArray<string> | undefined => {
  if (value.length > charsMax) return undefined
  const names = value === "" ? [] : value.split(" ")
  const isInOrder = names.every((name, i) => isName(name) && (i === 0 || names[i - 1]! < name))
  return isInOrder ? names : undefined
}

/** The names under which somebody is in an audience. */
export const namesFor = ({ device, member, teams }: PolicySubject): ReadonlyArray<string> => [
  member,
  ...(device === undefined ? [] : [device]),
  ...teams.map((team) => `${teamPrefix}${team}`)
]

/** Is it for whoever asks? Nobody is in an audience that cannot be read. */
export const isFor = (value: string, who: PolicySubject): boolean => {
  const names = namesOf(value) ?? []
  return namesFor(who).some((name) => names.includes(name))
}
