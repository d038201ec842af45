/**
 * From a policy document to decisions, for one device at a time. The only file that knows CASL. What it decides, in one
 * sentence: forbid beats allow, then a grant to the member or device, then the highest role or team, then a rule for
 * everybody, then no. Documents were checked before they come here; owners are never asked about.
 */
import { Ability, type AnyAbility, type RawRuleOf } from "@casl/ability"
import * as Audience from "./Audience.ts"
import { type Action, isOfKind, type Operator, type PolicyDocument, type Rule, type Term } from "./PolicyDocument.ts"
import type { HeaderValues, PolicySubject } from "./PolicySubject.ts"

/** What a rule is to one device; a later tier beats an earlier one. */
const tiers = ["everybody", "team or role", "grant", "forbid"] as const
export type Tier = (typeof tiers)[number]

export interface Verdict {
  readonly allowed: boolean
  /** Id of the rule that decided; `undefined` when none speaks of it. */
  readonly rule: string | undefined
  readonly tier: Tier | undefined
}

/** A document compiled for one device. */
export interface CompiledPolicy {
  /** Whether the device may do this with a record of the type and header; with a field, whether it may write that. */
  readonly decide: (action: Action, type: string, header: HeaderValues, field?: string) => Verdict
  /** The same for every field of a record, whatever it is called: conditions and names are looked at once for all of them. */
  readonly decideFields: (action: Action, type: string, header: HeaderValues) => (field: string) => Verdict
  /** True where what the device may write of a type depends on the field. */
  readonly hasFieldRules: (type: string) => boolean
  /** Every rule that speaks of it, the one that decided first. */
  readonly speaking: (action: Action, type: string, header: HeaderValues, field?: string) => ReadonlyArray<string>
}

/** Where no rule speaks of it. */
const unruled: Verdict = { allowed: false, rule: undefined, tier: undefined }

/** What CASL calls any type; longer than the name of a type may be, so that none is called so. */
const anyType = "any type ".repeat(64)

/** What CASL is asked about: made here from checked parts, never from a record's body. */
class Asked {
  readonly type: string
  readonly values: Values

  constructor(type: string, values: Values) {
    this.type = type
    this.values = values
  }
}

type Value = string | number | boolean
/** Header values by the field's name; of an audience its names. */
type Values = ReadonlyMap<string, Value | ReadonlyArray<string>>

/** Whether the conditions of a rule hold. Its operators are made here; CASL's own know patterns and let typing errors pass. */
type Condition = (values: Values) => boolean

type RawRule = RawRuleOf<AnyAbility>

/** Compiles the rules that are about the device. */
export const compile = (document: PolicyDocument, subject: PolicySubject): CompiledPolicy => {
  const about = document.rules
    .map((rule, place) => ({ rule, place, rank: rankOf(rule, subject) }))
    .filter(({ rank }) => rank !== undefined)
    // CASL lets the last rule win; of equal rank the first in the document does.
    .sort((a, b) => a.rank! - b.rank! || b.place - a.place)
  const ranks = new Map(about.map(({ rank, rule }) => [rule.id, rank!]))
  const ability: AnyAbility = new Ability(
    about.map(({ rule }) => toRaw(rule, subject)),
    {
      anyAction: "administer",
      anySubjectType: anyType,
      detectSubjectType: (asked: Asked) => asked.type,
      conditionsMatcher: (holds: Condition) => (asked) => holds((asked as unknown as Asked).values),
      // CASL's own matcher reads a field as a pattern, and a pattern may take minutes.
      fieldMatcher: (fields: ReadonlyArray<string>) => {
        const named = new Set(fields)
        return (field: string) => named.has(field)
      }
    }
  )
  const verdictOf = (rule: ReturnType<AnyAbility["relevantRuleFor"]>): Verdict => {
    if (rule === null) return unruled
    const id = rule.reason!
    return { allowed: !rule.inverted, rule: id, tier: tierOf(ranks.get(id)!) }
  }
  const asking = (type: string, header: HeaderValues): Asked | undefined => {
    const values = valuesOf(document, type, header)
    return values === undefined ? undefined : new Asked(type, values)
  }
  return {
    decide: (action, type, header, field) => {
      const asked = asking(type, header)
      return verdictOf(asked === undefined ? null : ability.relevantRuleFor(action, asked, field))
    },
    decideFields: (action, type, header) => {
      const asked = asking(type, header)
      const byField = new Map<string, Verdict>()
      // The strongest first, up to the one that speaks of all fields.
      for (const rule of asked === undefined ? [] : ability.possibleRulesFor(action, type)) {
        if (!rule.matchesConditions(asked)) continue
        const verdict = verdictOf(rule)
        if (rule.fields === undefined) return (field) => byField.get(field) ?? verdict
        for (const field of rule.fields) if (!byField.has(field)) byField.set(field, verdict)
      }
      return (field) => byField.get(field) ?? unruled
    },
    hasFieldRules: (type) => about.some(({ rule }) => rule.fields !== undefined && isAbout(rule, type)),
    speaking: (action, type, header, field) => {
      const asked = asking(type, header)
      if (asked === undefined) return []
      return ability
        .rulesFor(action, type, field)
        .filter((rule) => rule.matchesConditions(asked))
        .map((rule) => rule.reason!)
    }
  }
}

const isAbout = ({ types }: Rule, type: string): boolean => types === "all" || types.includes(type)

/** Room for the levels of roles between the tiers. */
const tierStep = 1_000

const tierOf = (rank: number): Tier => tiers[Math.floor(rank / tierStep)]!

/** Where a rule stands among those about the device; `undefined` when it is about others. */
const rankOf = ({ effect, to }: Rule, { device, level, member, role, teams }: PolicySubject): number | undefined => {
  const isDevice = device !== undefined && to?.devices?.includes(device) === true
  const isGrant = to?.members?.includes(member) === true || isDevice
  const isForRole = to?.roles?.includes(role) === true || to?.teams?.some((team) => teams.includes(team)) === true
  const isForAll = to === undefined || Object.keys(to).length === 0
  if (!isGrant && !isForRole && !isForAll) return undefined
  if (effect === "forbid") return 3 * tierStep
  if (isGrant) return 2 * tierStep
  return isForRole ? tierStep + level : 0
}

const toRaw = (rule: Rule, subject: PolicySubject): RawRule => ({
  action: [...rule.actions],
  subject: rule.types === "all" ? anyType : [...rule.types],
  inverted: rule.effect === "forbid",
  reason: rule.id,
  ...(rule.fields === undefined ? {} : { fields: [...rule.fields] }),
  ...(rule.where === undefined || rule.where.length === 0 ? {} : { conditions: allOf(rule, rule.where, subject) })
})

const allOf = ({ effect }: Rule, terms: ReadonlyArray<Term>, subject: PolicySubject): Condition => {
  const conditions = terms.map((term) => conditionOf(term, subject, effect))
  return (values) => conditions.every((holds) => holds(values))
}

/** Conditions that are the same whoever asks: made once for all devices, and all tests, of a document. */
const sameForAll = { allow: new WeakMap<Term, Condition>(), forbid: new WeakMap<Term, Condition>() }

const conditionOf = (term: Term, subject: PolicySubject, effect: Rule["effect"]): Condition => {
  const known = sameForAll[effect].get(term)
  if (known !== undefined) return known
  const condition = toCondition(term, subject, effect === "forbid")
  if (![term.value].flat().some(isVariable)) sameForAll[effect].set(term, condition)
  return condition
}

const isVariable = (value: unknown): boolean => typeof value === "string" && value.startsWith("$")

/**
 * A condition on a value that is missing cannot be judged, unless it asks whether it is there; nor can one on the device that asks,
 * where it is none. A prohibition then holds and an allowance does not, so that nothing gets out by leaving a value out.
 */
const toCondition = ({ field, op, value }: Term, subject: PolicySubject, ifMissing: boolean): Condition => {
  if (op === "exists") return (values) => values.has(field) === value
  if (subject.device === undefined && [value].flat().includes("$device")) return () => ifMissing
  const wanted = wantedOf(value, subject)
  const one = wanted.values().next().value!
  const test = tests[op](wanted, one)
  return (values) => {
    const found = values.get(field)
    return found === undefined ? ifMissing : test(found)
  }
}

type Test = (found: Value | ReadonlyArray<string>) => boolean

/** `wanted` are all values of a condition, `one` is the first of them. */
const tests: Record<Exclude<Operator, "exists">, (wanted: ReadonlySet<Value>, one: Value) => Test> = {
  eq: (_, one) => (found) => found === one,
  ne: (_, one) => (found) => found !== one,
  in: (wanted) => (found) => wanted.has(found as Value),
  nin: (wanted) => (found) => !wanted.has(found as Value),
  lt: (_, one) => (found) => found < one,
  lte: (_, one) => (found) => found <= one,
  gt: (_, one) => (found) => found > one,
  gte: (_, one) => (found) => found >= one,
  has: (wanted) => (found) => (found as ReadonlyArray<string>).some((name) => wanted.has(name))
}

/** The values of a condition, with who asks in the place of variables. */
const wantedOf = (value: Term["value"], subject: PolicySubject): ReadonlySet<Value> => {
  if (value === "$me") return new Set(Audience.namesFor(subject))
  if (value === "$teams") return new Set(subject.teams)
  const { device, member } = subject
  const real = (each: Value): Value => (each === "$member" ? member : each === "$device" ? device! : each)
  return new Set(Array.isArray(value) ? (value as ReadonlyArray<Value>).map(real) : [real(value as Value)])
}

/**
 * The values of a header; `undefined` when it is not as declared: then neither an allowance nor a prohibition could be
 * sure of it, and it is nobody's. A null is a value that is missing.
 */
const valuesOf = ({ types }: PolicyDocument, type: string, header: HeaderValues): Values | undefined => {
  const declared = Object.hasOwn(types, type) ? (types[type]!.header ?? {}) : {}
  const values = new Map<string, Value | ReadonlyArray<string>>()
  for (const [field, value] of Object.entries(header)) {
    if (value === null) continue
    const kind = Object.hasOwn(declared, field) ? declared[field] : undefined
    if (!isOfKind(kind, value)) return undefined
    values.set(field, kind === "audience" ? Audience.namesOf(value as string)! : value)
  }
  return values
}
