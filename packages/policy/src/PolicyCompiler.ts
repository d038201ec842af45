/**
 * From a policy document to decisions, for one device at a time. The only file that knows CASL. What it decides, in one
 * sentence: forbid beats allow, then a grant to the member or device, then the highest role or team, then a rule for
 * everybody, then no. Documents were checked before they come here; owners are never asked about.
 */
import {
  type AnyAbility,
  buildMongoQueryMatcher,
  createMongoAbility,
  type RawRuleOf,
  type MongoAbility
} from "@casl/ability"
import { $and, and } from "@ucast/mongo2js"
import * as Audience from "./Audience.ts"
import { type Action, isOfKind, type PolicyDocument, type Rule, type Term } from "./PolicyDocument.ts"
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
  /** True where what the device may write of a type depends on the field. */
  readonly hasFieldRules: (type: string) => boolean
  /** Every rule that speaks of it, the one that decided first. */
  readonly speaking: (action: Action, type: string, header: HeaderValues, field?: string) => ReadonlyArray<string>
}

/** What CASL is asked about: made here from checked parts, never from a record's body. */
class Asked {
  readonly type: string
  /** By the names that `keysOf` gives, so that no name of a field means anything to CASL. */
  readonly values: Readonly<Record<string, string | number | boolean | ReadonlyArray<string>>>

  constructor(type: string, values: Asked["values"]) {
    this.type = type
    this.values = values
  }
}

type Keys = ReadonlyMap<string, string>

/** A name for each header field of the document. */
const keysOf = ({ types }: PolicyDocument): Keys => {
  const fields = new Set(Object.values(types).flatMap(({ header }) => Object.keys(header ?? {})))
  return new Map([...fields].map((field, place) => [field, `f${place}`]))
}

type RawRule = RawRuleOf<MongoAbility>

/** CASL leaves out what joins conditions unless it is asked for. */
const conditionsMatcher = buildMongoQueryMatcher({ $and }, { and })

/** Compiles the rules that are about the device. */
export const compile = (document: PolicyDocument, subject: PolicySubject): CompiledPolicy => {
  const about = document.rules
    .map((rule, place) => ({ rule, place, rank: rankOf(rule, subject) }))
    .filter(({ rank }) => rank !== undefined)
    // CASL lets the last rule win; of equal rank the first in the document does.
    .sort((a, b) => a.rank! - b.rank! || b.place - a.place)
  const keys = keysOf(document)
  const ranks = new Map(about.map(({ rank, rule }) => [rule.id, rank!]))
  const ability: AnyAbility = createMongoAbility(
    about.map(({ rule }) => toRaw(rule, subject, keys)),
    {
      anySubjectType: "all",
      detectSubjectType: (asked: Asked) => asked.type,
      conditionsMatcher,
      // CASL's own matcher reads a field as a pattern, and a pattern may take minutes.
      fieldMatcher: (fields: ReadonlyArray<string>) => (field: string) => fields.includes(field)
    }
  )
  const asking = (type: string, header: HeaderValues): Asked | undefined => {
    const values = valuesOf(document, keys, type, header)
    return values === undefined ? undefined : new Asked(type, values)
  }
  return {
    decide: (action, type, header, field) => {
      const asked = asking(type, header)
      const found = asked === undefined ? null : ability.relevantRuleFor(action, asked, field)
      if (found === null) return { allowed: false, rule: undefined, tier: undefined }
      const id = found.reason!
      return { allowed: !found.inverted, rule: id, tier: tierOf(ranks.get(id)!) }
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
  const isGrant = to?.members?.includes(member) === true || to?.devices?.includes(device) === true
  const isForRole = to?.roles?.includes(role) === true || to?.teams?.some((team) => teams.includes(team)) === true
  const isForAll = to === undefined || Object.keys(to).length === 0
  if (!isGrant && !isForRole && !isForAll) return undefined
  if (effect === "forbid") return 3 * tierStep
  if (isGrant) return 2 * tierStep
  return isForRole ? tierStep + level : 0
}

const toRaw = (rule: Rule, subject: PolicySubject, keys: Keys): RawRule => ({
  action: [...rule.actions],
  subject: rule.types === "all" ? "all" : [...rule.types],
  inverted: rule.effect === "forbid",
  reason: rule.id,
  ...(rule.fields === undefined ? {} : { fields: [...rule.fields] }),
  ...(rule.where === undefined || rule.where.length === 0
    ? {}
    : { conditions: { $and: rule.where.map((term) => toCondition(term, subject, keys)) } })
})

const toCondition = ({ field, op, value }: Term, subject: PolicySubject, keys: Keys): Record<string, unknown> => {
  const name = `values.${keys.get(field)!}`
  if (op === "exists") return { [name]: { $exists: value } }
  // Of a list CASL takes any element.
  if (op === "has") return { [name]: { $in: value === "$me" ? [...Audience.namesFor(subject)] : [value] } }
  const wanted = Array.isArray(value) ? value.map((each) => resolve(each, subject)) : resolve(value, subject)
  // By itself CASL finds that a value that is missing is not equal, and neither less nor more, so at most and at least.
  return { $and: [{ [name]: { $exists: true } }, { [name]: { [`$${op}`]: wanted } }] }
}

const resolve = (value: unknown, { device, member, teams }: PolicySubject): unknown => {
  if (value === "$member") return member
  if (value === "$device") return device
  return value === "$teams" ? [...teams] : value
}

/**
 * The values of a header; `undefined` when it is not as declared: then neither an allowance nor a prohibition could be
 * sure of it, and it is nobody's. A null is a value that is missing.
 */
const valuesOf = (
  { types }: PolicyDocument,
  keys: Keys,
  type: string,
  header: HeaderValues
): Asked["values"] | undefined => {
  const declared = Object.hasOwn(types, type) ? (types[type]!.header ?? {}) : {}
  const values: Record<string, string | number | boolean | ReadonlyArray<string>> = {}
  for (const [field, value] of Object.entries(header)) {
    if (value === null) continue
    const kind = Object.hasOwn(declared, field) ? declared[field] : undefined
    if (!isOfKind(kind, value)) return undefined
    values[keys.get(field)!] = kind === "audience" ? Audience.namesOf(value as string)! : value
  }
  return values
}
