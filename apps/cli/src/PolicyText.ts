/**
 * What a policy says and what a draft of it would change, as people read it. Programs read the objects themselves. Names
 * and header values come from other people, so each line is made plain.
 */
import { type PolicyDesk, PolicyFile, type PolicyReview, whatOf } from "@syncline/policy"
import { Result } from "effect"
import * as PlainText from "./PlainText.ts"
import * as Progress from "./Progress.ts"
import type { Team } from "./Team.ts"
import * as TeamText from "./TeamText.ts"

/** What turns, as the hub's answer has it: devices by their peer ids. */
export type Impact = Omit<PolicyReview.Impact, "peer"> & { readonly peer: string }

/** What a device could do, as the hub's answer has it. */
export type Reach = Omit<PolicyReview.Reach, "peer"> & { readonly peer: string }

/** One version of a list; the number comes first, so that a script can cut it out. */
export const version = ({ text, version: of }: PolicyDesk.PolicyVersion, isInForce: boolean): string => {
  const what = text === null ? "the built-in roles" : countsOf(text)
  return `${of}  ${what}${isInForce ? ", in force" : ""}`
}

const countsOf = (text: string): string =>
  Result.match(PolicyFile.parse(text), {
    onSuccess: ({ rules, tests = [] }) =>
      `${Progress.counted(rules.length, "rule")}, ${Progress.counted(tests.length, "test")}`,
    onFailure: () => "cannot be read by this version"
  })

/** Where a policy was in force and none is. */
export const ended = (version: number): string =>
  `No policy is in force; the built-in roles decide since version ${version} of the charter.`

/** One line for each; what they quote of a document begins none. */
export const sentences = (found: ReadonlyArray<string>): string => found.map(PlainText.part).join("\n")

/** What a charter at hand says of a draft that is in order by itself. */
export const tested = (file: string, warnings: ReadonlyArray<string>): string =>
  warnings.length === 0
    ? `${file} can be put in force.`
    : warned(warnings, `${file} is in order, but it cannot be put in force in this charter.`)

/** A text behind what is to be warned of. */
export const warned = (warnings: ReadonlyArray<string>, text: string): string =>
  [...warnings.map((each) => PlainText.part(`Warning: ${each}.`)), text].join("\n")

/** A line for each device: on how many records it could do what. */
export const reach = (team: Team, found: ReadonlyArray<Reach>): string => {
  const lines = [...new Set(found.map(({ peer }) => peer))].map((peer) => {
    // A field that may be written nowhere is told; an action that may be done nowhere is not.
    const able = found.filter((each) => each.peer === peer && (each.partitions > 0 || each.field !== undefined))
    const told = able.map((each) => `${deed(each)} ${ofRecords(each.records, each.partitions)}`)
    return `${TeamText.deviceName(team, peer)}: ${told.length === 0 ? "nothing" : told.join("; ")}`
  })
  return lines.length === 0 ? "There are no devices." : lines.join("\n")
}

const ofRecords = (records: number, partitions: number): string =>
  `${Progress.counted(records, "record")} in ${Progress.counted(partitions, "partition")}`

/** One line for each device and action of which something turns, and nothing of what lies behind. */
export const summary = (team: Team, impacts: ReadonlyArray<Impact>): string =>
  impacts.length === 0 ? nothing : impacts.map((impact) => `${heading(team, impact)}.`).join("\n")

/** Everything that turns, with samples and the rules before and after. */
export const impacts = (team: Team, found: ReadonlyArray<Impact>): string =>
  found.length === 0 ? nothing : found.map((impact) => section(team, impact)).join("\n")

const nothing = "Nobody gains or loses anything of the records that are here."

const heading = (team: Team, impact: Impact): string => {
  const { direction, partitions, peer, records } = impact
  const name = TeamText.deviceName(team, peer)
  if (partitions > 0) return `${name} ${direction} ${deed(impact)} on ${ofRecords(records, partitions)}`
  return direction === "gains" ? `${name} does not gain ${deed(impact)}` : `${name} had no ${deed(impact)} to lose`
}

const deed = ({ action, field, type }: PolicyReview.Deed): string => {
  if (field === undefined || type === undefined) return action
  return PlainText.part(`${action} of ${whatOf(type, field)}`)
}

const section = (team: Team, impact: Impact): string => {
  const more = impact.partitions - impact.samples.length
  if (impact.partitions === 0) return `${heading(team, impact)}.`
  return [
    `${heading(team, impact)}:`,
    ...impact.samples.flatMap(sample),
    ...(more > 0 ? [`  and ${Progress.counted(more, "partition")} more`] : [])
  ].join("\n")
}

const sample = ({ after, before, partition, records }: PolicyReview.Turned): ReadonlyArray<string> =>
  [
    `  ${Progress.counted(records, "record")} of ${partition.type}${headerOf(partition.header)}`,
    `    before: ${decision(before)}`,
    `    after:  ${decision(after)}`
  ].map(PlainText.part)

const headerOf = (header: PolicyReview.Turned["partition"]["header"]): string => {
  const values = Object.entries(header).map(([field, value]) => `${field} ${JSON.stringify(value)}`)
  return values.length === 0 ? "" : ` with ${values.join(", ")}`
}

const decision = ({ allowed, because, rule }: PolicyReview.Turned["before"]): string =>
  `${allowed ? "allowed" : "denied"} by ${rule}: ${because}`
