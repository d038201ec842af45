/**
 * Whether a policy document may be put in force: everything that the reading lets pass and that would not do what it
 * seems to. Asked of new documents only; one that is in the charter goes on as it is, whatever this file learns.
 */
import { Bytes, type Charter, CharterOperation, type CharterState } from "@syncline/core"
import { Result } from "effect"
import type { PolicyDocument, PolicyTest, Rule, TypeDeclaration } from "./PolicyDocument.ts"
import * as PolicyFile from "./PolicyFile.ts"
import * as PolicyNames from "./PolicyNames.ts"
import * as PolicyProblems from "./PolicyProblems.ts"
import * as PolicyTests from "./PolicyTests.ts"

/** Longest id of a rule. */
export const ruleIdCharsMax = 64

const ruleIdPattern = /^[A-Za-z0-9._-]+$/
/** What decides where no rule does. */
const takenId = "default"
/** Characters that end a line or turn the direction of writing. */
const unplain = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u

/** Problems quote documents; each stays one line wherever it is shown. */
const plainly = (sentences: ReadonlyArray<string>): ReadonlyArray<string> =>
  sentences.map((sentence) =>
    sentence.replaceAll(new RegExp(unplain, "gu"), (each) => `\\u{${each.codePointAt(0)!.toString(16)}}`)
  )

/** Texts whose problems are remembered: a draft is tested, compared and put in force with the same text. */
const rememberedMax = 4
const remembered = new Map<string, ReadonlyArray<string>>()

/** What is wrong with a text that is to be put in force, its own tests among it, as far as it can be told without a charter. */
export const problems = (text: string): ReadonlyArray<string> => {
  const found = remembered.get(text) ?? plainly(judged(text))
  remembered.delete(text)
  remembered.set(text, found)
  if (remembered.size > rememberedMax) remembered.delete(remembered.keys().next().value!)
  return found
}

const judged = (text: string): ReadonlyArray<string> => {
  const { length } = Bytes.utf8(text)
  const { policyBytesMax } = CharterOperation
  if (length > policyBytesMax) return [`the policy has ${length} bytes, more than ${policyBytesMax}`]
  return Result.match(PolicyFile.parse(text), {
    onFailure: (found) => found,
    onSuccess: (document) => {
      const found = [...PolicyFile.slipsOf(text), ...slipsOf(document)]
      // A test is told only of a document that says what it seems to say.
      return found.length > 0 ? found : PolicyTests.failures(text, document)
    }
  })
}

/** Names in a draft that the charter does not have; nothing for a text that cannot be read. */
export const unknownNames = (text: string, state: CharterState.CharterState): ReadonlyArray<string> =>
  Result.match(PolicyFile.parse(text), {
    onFailure: () => [],
    onSuccess: (document) =>
      plainly(
        PolicyNames.unknown(document, {
          roles: new Set(state.roles.keys()),
          teams: new Set(state.teams.keys()),
          members: new Set(state.members.keys()),
          devices: new Set(state.devices.keys())
        })
      )
  })

/** Everything that is wrong with a text that is to be put in force in a charter. */
export const problemsIn = (text: string, state: CharterState.CharterState): ReadonlyArray<string> => {
  const found = problems(text)
  return found.length > 0 ? found : unknownNames(text, state)
}

/** The same in one sentence, for the charter; nothing for a text that may be put in force. */
export const problemOf = (text: string, state: CharterState.CharterState): string | undefined =>
  problemsIn(text, state).join("; ") || undefined

/** Places of rules that are told. */
const placesMax = 5

/**
 * Why a team or role may not go while this document is in force, or nothing: a forbid that is about its members would lose
 * them without a word. Members and devices may always go, for taking rights must not wait for anything.
 */
export const removalProblem: Charter.RemovalCheck = (text, removed) => {
  const [kind, id] =
    removed._tag === "RemoveTeam" ? (["teams", removed.team] as const) : (["roles", removed.role] as const)
  const parsed = PolicyFile.parse(text)
  if (Result.isFailure(parsed)) {
    return "this version of the program cannot read the policy in force, and so cannot tell whom it names; update it"
  }
  const places = PolicyNames.placesOf(parsed.success, kind, id)
  if (places.length === 0) return undefined
  const more = places.length > placesMax ? ` and ${places.length - placesMax} more` : ""
  const [where] = plainly([`${places.slice(0, placesMax).join(", ")}${more}`])
  return `the policy names the ${removed._tag === "RemoveTeam" ? "team" : "role"} ${id} (${where}); take it out of the policy first`
}

/**
 * Why a document may not be in force in a sealed space, or nothing: whoever judges there sees records and their header fields,
 * and no other field. Conditions are on header fields in any case.
 */
export const sealedProblem = (text: string): string | undefined =>
  Result.match(PolicyFile.parse(text), {
    onFailure: () => undefined,
    onSuccess: ({ rules }) => {
      const about = rules.find(({ fields }) => fields !== undefined)
      if (about === undefined) return undefined
      const [rule] = plainly([about.id])
      return `rule ${rule} is about fields, which are sealed in this space; it can be about whole records and their header fields only`
    }
  })

/** What a charter asks of the policy, for `Charter.layer`. */
export const charterChecks = {
  policyProblem: PolicyFile.problemOf,
  draftProblem: problemOf,
  removalProblem,
  sealedProblem
} satisfies Omit<Charter.CharterOptions, "space">

const slipsOf = (document: PolicyDocument): ReadonlyArray<string> =>
  PolicyProblems.tell([
    ...Object.entries(document.types).map(
      ([type, declaration]) =>
        () =>
          typeSlips(type, declaration)
    ),
    ...document.rules.map((rule) => () => ruleSlips(document, rule)),
    ...(document.tests ?? []).map((test) => () => testSlips(document, test))
  ])

function* ruleSlips(document: PolicyDocument, rule: Rule) {
  yield* idSlips(rule)
  yield* fieldSlips(document, rule)
  yield* PolicyNames.malformedInRule(rule)
}

const shown = (what: string, name: string): ReadonlyArray<string> =>
  unplain.test(name)
    ? [`${what} ${JSON.stringify(name)} is not one plain line; write it without control characters`]
    : []

function* typeSlips(type: string, { fields = [], header = {} }: TypeDeclaration) {
  yield* shown("the type", type)
  for (const field of [...Object.keys(header), ...fields]) yield* shown("the field", field)
}

const idSlips = ({ id }: Rule): ReadonlyArray<string> => {
  if (id === takenId) return [`rule ${id}: this is what decides where no rule does; give it another id`]
  if (id.length <= ruleIdCharsMax && ruleIdPattern.test(id)) return []
  return [
    `rule ${JSON.stringify(id)}: an id has 1 to ${ruleIdCharsMax} letters, digits, dots, dashes or underscores, as in ${tidy(id)}`
  ]
}

const tidy = (id: string): string =>
  id
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^-/, "")
    .slice(0, ruleIdCharsMax) || "my-rule"

/** A misspelt field in a forbid would forbid nothing. */
function* fieldSlips({ types }: PolicyDocument, { fields = [], id, types: of }: Rule) {
  const about = Object.keys(types).filter((type) => of === "all" || of.includes(type))
  for (const field of fields) {
    const inHeader = about.find((type) => isHeader(types[type]!, field))
    if (inHeader !== undefined) {
      yield `rule ${id}: ${headerField(inHeader, field)}`
      continue
    }
    const without = about.filter((type) => types[type]!.fields?.includes(field) !== true)
    if (of !== "all") for (const type of without) yield `rule ${id}: ${undeclared(type, field)}`
    else if (without.length === about.length) {
      yield `rule ${id}: no type declares a field ${JSON.stringify(field)}; add it to the fields of a type that has it`
    }
  }
}

const isHeader = ({ header = {} }: TypeDeclaration, field: string): boolean => Object.hasOwn(header, field)

const headerField = (type: string, field: string): string =>
  `${JSON.stringify(field)} is a header field of ${type}, which is set once and never written; name it in a condition instead`

const undeclared = (type: string, field: string): string =>
  `${type} declares no field ${JSON.stringify(field)}; add it to types.${type}.fields, or mend the name`

function* testSlips({ types }: PolicyDocument, test: PolicyTest) {
  const { can = [], cannot = [], field, name, type } = test
  yield* shown("the test", name)
  yield* PolicyNames.malformedInTest(test)
  if (can.length + cannot.length === 0) {
    yield `test ${name}: it says neither can nor cannot, so it proves nothing; name an action`
  }
  if (field === undefined) return
  if ([...can, ...cannot].some((action) => action !== "create" && action !== "update")) {
    yield `test ${name}: a field goes with the actions create and update only; a record is read as a whole`
  }
  const declaration = types[type]!
  if (isHeader(declaration, field)) yield `test ${name}: ${headerField(type, field)}`
  else if (declaration.fields?.includes(field) !== true) yield `test ${name}: ${undeclared(type, field)}`
}
