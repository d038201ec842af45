/**
 * A policy as people write it: which entity types there are, who may do what with which of their records. One schema for
 * the file, the charter, the API and the screen. It is checked whole: anything unknown refuses the document, because a
 * rule that is read in part may allow what it was meant to forbid. What a document decides is `PolicyCompiler`'s.
 */
import { Result, Schema } from "effect"
import * as Audience from "./Audience.ts"
import * as PolicyProblems from "./PolicyProblems.ts"

/** Most rules, terms of one rule, and names in one list. */
export const rulesMax = 200
export const termsMax = 10
export const namesMax = 256
/** Most entity types that a document declares. */
export const typesMax = 256
/** Longest text in a document, in characters. */
export const textCharsMax = 256

export const actions = ["read", "create", "update", "delete", "share", "administer"] as const
export type Action = (typeof actions)[number]

export const operators = ["eq", "ne", "in", "nin", "lt", "lte", "gt", "gte", "exists", "has"] as const
export type Operator = (typeof operators)[number]

/** What a header field of a type may hold. */
export const fieldKinds = ["text", "number", "boolean", "audience"] as const
export type FieldKind = (typeof fieldKinds)[number]

/** Values that stand for who asks: its member's id, the list of its member's teams, its device, any of its names in an audience. */
export const variables = ["$member", "$teams", "$device", "$me"] as const

const Text = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(textCharsMax))
const Scalar = Schema.Union([Schema.String.check(Schema.isMaxLength(textCharsMax)), Schema.Finite, Schema.Boolean])
const listOf = <S extends Schema.Top>(element: S, max: number) => Schema.Array(element).check(Schema.isMaxLength(max))
const Names = listOf(Text, namesMax)

/**
 * A condition on a header field. `in` and `nin` take a list or `$teams`, `exists` takes true or false. `has` is for
 * audiences and takes `$me` or one name.
 */
export const Term = Schema.Struct({
  field: Text,
  op: Schema.Literals(operators),
  value: Schema.Union([Scalar, listOf(Scalar, namesMax)])
})
export type Term = typeof Term.Type

/** Whom a rule is about: whoever is in one of these lists. Without any list it is about everybody. */
export const Target = Schema.Struct({
  roles: Schema.optionalKey(Names),
  teams: Schema.optionalKey(Names),
  members: Schema.optionalKey(Names),
  devices: Schema.optionalKey(Names)
})
export type Target = typeof Target.Type

export const Rule = Schema.Struct({
  id: Text,
  effect: Schema.Literals(["allow", "forbid"]),
  actions: Schema.Array(Schema.Literals(actions)).check(Schema.isMinLength(1), Schema.isMaxLength(actions.length)),
  /** Declared types, or "all" for those and any other. */
  types: Schema.Union([Schema.Literal("all"), Names.check(Schema.isMinLength(1))]),
  to: Schema.optionalKey(Target),
  /** All of them must hold. */
  where: Schema.optionalKey(listOf(Term, termsMax)),
  /** Fields that may be written; only beside the actions create and update. */
  fields: Schema.optionalKey(Names.check(Schema.isMinLength(1)))
})
export type Rule = typeof Rule.Type

export const TypeDeclaration = Schema.Struct({
  header: Schema.optionalKey(Schema.Record(Text, Schema.Literals(fieldKinds))),
  /** Fields of the body, so that a rule on a misspelt one is refused. */
  fields: Schema.optionalKey(Names)
})
export type TypeDeclaration = typeof TypeDeclaration.Type

/** What must come out, written beside the rules: a document whose test fails is refused. */
export const PolicyTest = Schema.Struct({
  name: Text,
  who: Schema.Struct({
    role: Schema.optionalKey(Text),
    teams: Schema.optionalKey(Names),
    member: Schema.optionalKey(Text),
    device: Schema.optionalKey(Text)
  }),
  can: Schema.optionalKey(Schema.Array(Schema.Literals(actions))),
  cannot: Schema.optionalKey(Schema.Array(Schema.Literals(actions))),
  type: Text,
  header: Schema.optionalKey(Schema.Record(Text, Scalar)),
  /** One field, for create and update. */
  field: Schema.optionalKey(Text)
})
export type PolicyTest = typeof PolicyTest.Type

export const PolicyDocument = Schema.Struct({
  version: Schema.Literal(1),
  types: Schema.Record(Text, TypeDeclaration),
  rules: listOf(Rule, rulesMax),
  tests: Schema.optionalKey(listOf(PolicyTest, rulesMax))
})
export type PolicyDocument = typeof PolicyDocument.Type

const decode = Schema.decodeUnknownResult(PolicyDocument, { onExcessProperty: "error" })

/** The document, or every problem that was found: where it is and what is wrong. */
export const parse = (input: unknown): Result.Result<PolicyDocument, ReadonlyArray<string>> => {
  const decoded = decode(input)
  if (Result.isFailure(decoded)) return Result.fail([decoded.failure.message.split(/\s*\n\s*/).join(" ")])
  const problems = problemsOf(decoded.success)
  return problems.length === 0 ? Result.succeed(decoded.success) : Result.fail(problems)
}

const problemsOf = (document: PolicyDocument): ReadonlyArray<string> => {
  const { rules, tests = [], types } = document
  const firsts = new Map(rules.toReversed().map((rule) => [rule.id, rule]))
  return PolicyProblems.tell([
    () => (Object.keys(types).length > typesMax ? [`types: more than ${typesMax}`] : []),
    ...rules.map((rule) => () => ruleProblems(document, rule, firsts.get(rule.id) !== rule)),
    ...tests.map((test) => () => testProblems(document, test))
  ])
}

function* testProblems(document: PolicyDocument, { header = {}, name, type }: PolicyTest) {
  if (!Object.hasOwn(document.types, type)) yield `test ${name}: there is no type ${type}`
  for (const [field, value] of Object.entries(header)) {
    const kind = kindOf(document, type, field)
    if (kind === undefined) yield `test ${name}: ${type} has no header field ${field}`
    else if (!isOfKind(kind, value)) yield `test ${name}: ${field} is no ${kind}`
  }
}

const kindOf = ({ types }: PolicyDocument, type: string, field: string): FieldKind | undefined => {
  const header = Object.hasOwn(types, type) ? types[type]!.header : undefined
  return header !== undefined && Object.hasOwn(header, field) ? header[field] : undefined
}

/** Is it a value that a header field of the kind may hold? */
export const isOfKind = (kind: FieldKind | undefined, value: string | number | boolean): boolean => {
  if (kind === "audience") return typeof value === "string" && Audience.namesOf(value) !== undefined
  return kind === (typeof value === "string" ? "text" : typeof value)
}

function* ruleProblems(document: PolicyDocument, rule: Rule, isDouble: boolean) {
  const place = `rule ${rule.id}`
  if (isDouble) yield `${place}: there are two of this name`
  const types = rule.types === "all" ? [] : rule.types
  for (const type of types) if (!Object.hasOwn(document.types, type)) yield `${place}: there is no type ${type}`
  for (const term of rule.where ?? []) {
    if (rule.types === "all") yield `${place}: a condition on ${term.field} needs the types that have it`
    for (const type of types) {
      const problem = termProblem(kindOf(document, type, term.field), term)
      if (problem !== undefined) yield `${place}: ${type}.${term.field}: ${problem}`
    }
  }
  for (const problem of fieldProblems(document, rule)) yield `${place}: ${problem}`
}

function* fieldProblems(document: PolicyDocument, { actions: of, effect, fields, types }: Rule) {
  if (fields === undefined) return
  if (of.some((action) => action !== "create" && action !== "update")) {
    yield "fields go with the actions create and update only; a record is read as a whole"
  }
  if (effect === "allow" && types === "all") yield "fields need the types that have them"
  for (const type of types === "all" ? [] : types) {
    const known = Object.hasOwn(document.types, type) ? document.types[type]!.fields : undefined
    for (const field of fields) {
      if (known !== undefined && !known.includes(field)) yield `${type} has no field ${field}`
    }
  }
}

const isAudienceValue = (value: unknown): boolean =>
  value === "$me" || (typeof value === "string" && Audience.isName(value))

const ordering: ReadonlySet<Operator> = new Set(["lt", "lte", "gt", "gte"])
const listing: ReadonlySet<Operator> = new Set(["in", "nin"])

const termProblem = (kind: FieldKind | undefined, { op, value }: Term): string | undefined => {
  if (kind === undefined) return "it is no header field, and rules see nothing else of a record"
  if (op === "exists") return typeof value === "boolean" ? undefined : "exists takes true or false"
  if ((op === "has") !== (kind === "audience")) return `has and exists go with an audience, and has with nothing else`
  if (op === "has") return isAudienceValue(value) ? undefined : "has takes $me, a member, a team:… or a device"
  if (value === "$teams")
    return listing.has(op) && kind === "text" ? undefined : "$teams goes with in and nin on a text"
  if (listing.has(op) !== Array.isArray(value)) return listing.has(op) ? `${op} takes a list` : `${op} takes one value`
  for (const each of Array.isArray(value) ? (value as ReadonlyArray<string | number | boolean>) : [value]) {
    if (typeof each === "string" && each.startsWith("$") && each !== "$member" && each !== "$device") {
      return `${each} is neither $member nor $device`
    }
    if (!isOfKind(kind, each as string | number | boolean)) return `${String(each)} is no ${kind}`
  }
  return ordering.has(op) && kind === "boolean" ? `${op} does not order booleans` : undefined
}
