/**
 * Why somebody may or may not do something, in words: by which rule, what was outweighed, which fields are left out, and
 * on which devices of a member it is otherwise. The lines are for people and for the audit; programs go by the decision.
 */
import type { Decision, Partition, PeerId } from "@syncline/core"
import type { EnterpriseDecisions } from "./EnterpriseDecisions.ts"
import type { Action } from "./PolicyDocument.ts"
import type { PolicySubject } from "./PolicySubject.ts"
import { otherFields, whatOf } from "./SubjectDecisions.ts"

/** A field that may not be written where the record may; "" stands for every field that no rule names. */
export interface DeniedField {
  readonly field: string
  readonly decision: Decision.Decision
}

/** A device of a member on which it is otherwise: denied, or with other fields left out. */
export interface OtherDevice {
  readonly peer: PeerId.PeerId
  readonly decision: Decision.Decision
  readonly fields: ReadonlyArray<DeniedField>
}

/** A decision with its reasons. */
export interface Explanation {
  readonly decision: Decision.Decision
  /** Rules that speak of it and did not decide, the strongest first. */
  readonly losing: ReadonlyArray<string>
  /** Where the record may be created or updated, and no field was asked for. */
  readonly fields: ReadonlyArray<DeniedField>
  /** Of a member that may: its devices on which it is otherwise. */
  readonly devices: ReadonlyArray<OtherDevice>
  /** For people: what, by which rule and why, what was outweighed, and what is left out. */
  readonly lines: ReadonlyArray<string>
}

/** What is asked, of whoever it is. */
export interface Asked {
  readonly action: Action
  readonly partition: Partition.Partition
  readonly field?: string | undefined
}

/** Who is asked about, in the way of the decisions. */
interface Asker {
  readonly may: (action: Action, partition: Partition.Partition, field?: string) => Decision.Decision
  readonly speaking: (action: Action, partition: Partition.Partition, field?: string) => ReadonlyArray<string>
  readonly name: string
}

/** For one device. */
export const ofDevice = (decisions: EnterpriseDecisions, peer: PeerId.PeerId, asked: Asked): Explanation => {
  const who = decisions.subjectOf(peer)
  const asker: Asker = {
    may: (action, partition, field) => decisions.may(peer, action, partition, field),
    speaking: (action, partition, field) => decisions.speaking(peer, action, partition, field),
    name: who === undefined ? peer : titleOf(decisions, who)
  }
  return explained(decisions, asker, asked)
}

/** For a member that asks without any of its devices, as people do who are signed in; `undefined` for who is no member. */
export const withoutDevice = (
  decisions: EnterpriseDecisions,
  member: string,
  asked: Asked
): Explanation | undefined => {
  const own = decisions.ofMember(member)
  if (own === undefined) return undefined
  const asker: Asker = {
    may: (action, partition, field) => own.may(action, partition, field),
    speaking: (action, partition, field) => own.speaking(action, partition, field),
    name: titleOf(decisions, own.subject)
  }
  return explained(decisions, asker, asked)
}

const titleOf = (decisions: EnterpriseDecisions, who: PolicySubject): string =>
  `${decisions.nameOf(who.member)} (${who.role}${teamsOf(who)})`

const explained = (decisions: EnterpriseDecisions, asker: Asker, asked: Asked): Explanation => {
  const { action, field, partition } = asked
  const decision = asker.may(action, partition, field)
  const losing = asker.speaking(action, partition, field).filter((rule) => rule !== decision.rule)
  const fields = decision.allowed ? deniedFields(decisions, asker, asked) : []
  const but = fields.length === 0 ? "" : `, but not: ${namesOf(fields)}`
  const lines = [
    `${asker.name} ${decision.allowed ? "may" : "may not"} ${action} ${whatOf(partition.type, field)}${headerOf(partition)}${but}.`,
    `Decided by ${decision.rule} at version ${decision.policyVersion}: ${decision.because}.`,
    ...losing.map((rule) => `The rule ${rule} speaks of it too and was outweighed.`),
    ...[...new Set(fields.map(({ decision: { rule } }) => rule))].map((rule) => {
      const of = fields.filter((each) => each.decision.rule === rule)
      return `Not ${namesOf(of)}, by ${rule}: ${of[0]!.decision.because}.`
    })
  ]
  return { decision, losing, fields, devices: [], lines }
}

/** For a member with these devices, at least one: it may what any of them may that is let in. */
export const ofMember = (
  decisions: EnterpriseDecisions,
  peers: ReadonlyArray<PeerId.PeerId>,
  asked: Asked
): Explanation => {
  const each = peers.map((peer) => ({ peer, ...ofDevice(decisions, peer, asked) }))
  const able = each.filter(({ decision }) => decision.allowed).toSorted((a, b) => a.fields.length - b.fields.length)
  // Of a paused device only its pause is told; another one of the member says more.
  const best = able[0] ?? each.find(({ peer }) => decisions.admits(peer).allowed) ?? each[0]!
  const others = able.length === 0 ? [] : each.filter((other) => likenessOf(other) !== likenessOf(best))
  const devices = others.map(({ decision, fields, peer }): OtherDevice => ({ peer, decision, fields }))
  const { decision, fields, lines, losing } = best
  return { decision, losing, fields, devices, lines: [...lines, ...devices.map((other) => lineOf(decisions, other))] }
}

const likenessOf = ({ decision, fields }: Explanation): string =>
  JSON.stringify([decision.allowed, fields.map(({ field }) => field)])

const lineOf = (decisions: EnterpriseDecisions, { decision, fields, peer }: OtherDevice): string => {
  const name = decisions.state.devices.get(peer)?.name ?? peer
  if (!decision.allowed) return `Not on ${name} (${peer}), by ${decision.rule}: ${decision.because}.`
  return `On ${name} (${peer}) not: ${namesOf(fields)}.`
}

const deniedFields = (
  decisions: EnterpriseDecisions,
  asker: Asker,
  { action, field, partition }: Asked
): ReadonlyArray<DeniedField> => {
  if (field !== undefined || (action !== "create" && action !== "update")) return []
  // Owners and built-in roles ask no rule, so no field differs.
  return decisions
    .declaredFieldsOf(partition.type)
    .map((each) => ({ field: each, decision: asker.may(action, partition, each) }))
    .filter(({ decision }) => !decision.allowed)
}

const namesOf = (fields: ReadonlyArray<DeniedField>): string =>
  fields.map(({ field }) => (field === otherFields ? "any other field" : field)).join(", ")

const teamsOf = ({ teams }: PolicySubject): string => (teams.length === 0 ? "" : `, in ${teams.join(" and ")}`)

const headerOf = ({ header }: Partition.Partition): string => {
  const values = Object.entries(header).map(([field, value]) => `${field} ${JSON.stringify(value)}`)
  return values.length === 0 ? "" : ` with ${values.join(", ")}`
}
