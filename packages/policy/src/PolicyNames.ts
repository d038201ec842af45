/**
 * Whom a policy document names: roles, teams, members and devices, in its rules and in its tests. A name that nobody can
 * have makes a rule be about nobody, and a forbid that is about nobody lets everything out: so each name is checked, as
 * far as it can be without a charter, and against a charter where there is one.
 */
import { CharterOperation, PeerId } from "@syncline/core"
import * as Audience from "./Audience.ts"
import type { PolicyDocument, PolicyTest, Rule, Target, Term } from "./PolicyDocument.ts"
import * as PolicyProblems from "./PolicyProblems.ts"

/** Whom a charter knows: its own state, or what is told of it. */
export interface Known {
  readonly roles: ReadonlySet<string>
  readonly teams: ReadonlySet<string>
  readonly members: ReadonlySet<string>
  readonly devices: ReadonlySet<string>
}

type Kind = keyof Known
const one = { roles: "role", teams: "team", members: "member", devices: "device" } as const

/** A list of names at its place. */
interface Naming {
  readonly place: string
  readonly kind: Kind
  readonly names: ReadonlyArray<string>
}

const kinds = Object.keys(one) as ReadonlyArray<Kind>

const inTarget = (rule: string, to: Target): ReadonlyArray<Naming> =>
  kinds.flatMap((kind) => {
    const names = to[kind]
    return names === undefined ? [] : [{ place: `rule ${rule}: to.${kind}`, kind, names }]
  })

/** Whom a condition on an audience asks for; `$me` is whoever asks. */
const inTerm = (rule: string, { field, op, value }: Term): ReadonlyArray<Naming> => {
  if (op !== "has" || typeof value !== "string" || value === "$me") return []
  const team = Audience.teamIn(value)
  const kind = team !== undefined ? "teams" : PeerId.is(value) ? "devices" : "members"
  return [{ place: `rule ${rule}: where.${field}`, kind, names: [team ?? value] }]
}

const inRule = ({ id, to = {}, where = [] }: Rule): ReadonlyArray<Naming> => [
  ...inTarget(id, to),
  ...where.flatMap((term) => inTerm(id, term))
]

const inTest = ({ name, who }: PolicyTest): ReadonlyArray<Naming> => {
  const single = (["roles", "members", "devices"] as const).flatMap((kind) => {
    const named = who[one[kind]]
    return named === undefined ? [] : [{ place: `test ${name}: who.${one[kind]}`, kind, names: [named] }]
  })
  return who.teams === undefined
    ? single
    : [...single, { place: `test ${name}: who.teams`, kind: "teams", names: who.teams }]
}

/** Names of a rule that nobody can ever have, and lists without a name. */
export const malformedInRule = (rule: Rule): Iterable<string> => malformed(inRule(rule))

/** The same of a test. */
export const malformedInTest = (test: PolicyTest): Iterable<string> => malformed(inTest(test))

function* malformed(namings: ReadonlyArray<Naming>) {
  for (const { kind, names, place } of namings) {
    if (names.length === 0) yield `${place}: the list is empty and is about nobody; leave it out, or name somebody`
    const isGood = kind === "devices" ? PeerId.is : CharterOperation.isId
    for (const name of names) {
      if (!isGood(name)) yield `${place}: ${JSON.stringify(name)} is no ${one[kind]}'s id; ${insteadOf(kind, name)}`
    }
  }
}

/** Names that could be somebody's and are nobody's in the charter. */
export const unknown = ({ rules, tests = [] }: PolicyDocument, known: Known): ReadonlyArray<string> =>
  PolicyProblems.tell([
    ...rules.map((rule) => () => unknownIn(inRule(rule), known)),
    ...tests.map((test) => () => unknownIn(inTest(test), known))
  ])

function* unknownIn(namings: ReadonlyArray<Naming>, known: Known) {
  for (const { kind, names, place } of namings) {
    for (const name of names) {
      if (known[kind].has(name)) continue
      yield `${place}: the charter has no ${one[kind]} ${JSON.stringify(name)}; ${choiceOf(kind, name, known)}`
    }
  }
}

/** Where rules name somebody. */
export const placesOf = ({ rules }: PolicyDocument, kind: Kind, name: string): ReadonlyArray<string> =>
  rules.flatMap((rule) =>
    inRule(rule).flatMap((naming) => (naming.kind === kind && naming.names.includes(name) ? [naming.place] : []))
  )

/** Most names of a charter that are offered. */
const offeredMax = 8

const choiceOf = (kind: Kind, name: string, known: Known): string => {
  const meant = kind === "roles" ? roleMeant(name) : undefined
  if (meant !== undefined && known.roles.has(meant)) return `write ${meant}`
  const offered = [...known[kind]].toSorted().slice(0, offeredMax)
  if (offered.length === 0) return `it has no ${kind} yet`
  return `it has ${offered.join(", ")}${known[kind].size > offeredMax ? " and others" : ""}`
}

/** What other systems, and people, call the built-in roles. */
const otherNames: Readonly<Record<string, ReadonlyArray<string>>> = {
  readonly: ["readonly", "viewer", "reader"],
  member: ["member", "editor", "writer"],
  admin: ["admin", "administrator"],
  owner: ["owner", "creator"]
}

const roleMeant = (name: string): string | undefined => {
  const plain = name.toLowerCase().replaceAll(/[^a-z]/g, "")
  return Object.keys(otherNames).find((role) => otherNames[role]!.includes(plain))
}

const insteadOf = (kind: Kind, name: string): string => {
  if (name.startsWith("$")) return "to and who take no variables; a condition in where does"
  const lower = name.toLowerCase()
  const near = CharterOperation.isId(lower) ? `write ${lower}, if that is its id` : undefined
  switch (kind) {
    case "roles": {
      const meant = roleMeant(name)
      return meant === undefined ? (near ?? "a role goes by its id, such as member or readonly") : `write ${meant}`
    }
    case "teams": {
      const bare = name.replace(/^team:/, "")
      return bare !== name && CharterOperation.isId(bare)
        ? `write ${bare}`
        : (near ?? "a team goes by its id, as `syncline team add` was given it")
    }
    case "members":
      if (PeerId.is(name)) return "that is a device; write it under devices"
      return near ?? "a member goes by its id, as `syncline member list` prints it"
    case "devices":
      return "a device goes by its peer id, as `syncline id` prints it there"
  }
}
