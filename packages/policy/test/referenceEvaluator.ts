/**
 * What a policy document means, written down as plainly as can be, to hold the compiled one against. Forbid beats allow,
 * then a grant, then the highest role or team, then a rule for everybody, then no.
 */
import type { Action, PolicyDocument, Rule, Term } from "../src/PolicyDocument.ts"
import type { HeaderValues, PolicySubject } from "../src/PolicySubject.ts"

type Question = readonly [action: Action, type: string, header: HeaderValues, field?: string | undefined]

export const decide = ({ rules, types }: PolicyDocument, who: PolicySubject, ...question: Question) => {
  const [action, type, header, field] = question
  const declared = new Map(Object.entries(Object.hasOwn(types, type) ? (types[type]!.header ?? {}) : {}))
  const values = new Map(Object.entries(header).filter(([, value]) => value !== null))
  const isGood = ([name, value]: [string, unknown]) =>
    declared.get(name) === "audience"
      ? value === "" || (/^[^ ]+( [^ ]+)*$/.test(String(value)) && value === sorted(value))
      : declared.get(name) === (typeof value === "string" ? "text" : typeof value)
  const sorted = (value: unknown) => [...new Set(String(value).split(" "))].toSorted().join(" ")
  if (![...values].every(isGood)) return { allowed: false, rule: undefined }
  const me = [who.member, ...(who.device === undefined ? [] : [who.device]), ...who.teams.map((team) => `team:${team}`)]
  const real = (value: unknown) => (value === "$member" ? who.member : value === "$device" ? who.device : value)
  const holds = (effect: Rule["effect"], { field: name, op, value }: Term): boolean => {
    if (op === "exists") return values.has(name) === value
    if (who.device === undefined && [value].flat().includes("$device")) return effect === "forbid"
    const found = values.get(name) as string | number | boolean
    const list = value === "$teams" ? who.teams : value === "$me" ? me : [value].flat().map(real)
    const one = list[0] as string | number | boolean
    const named = op === "has" && list.some((each) => String(found).split(" ").includes(String(each)))
    const [isIn, isOne] = [list.some((each) => each === found), found === one]
    const orders = { lt: found < one, lte: found <= one, gt: found > one, gte: found >= one }
    if (!values.has(name)) return effect === "forbid"
    return { has: named, eq: isOne, ne: !isOne, in: isIn, nin: !isIn, ...orders }[op]
  }
  const rank = ({ effect, to = {} }: Rule): number => {
    const grant = to.members?.includes(who.member) || (who.device !== undefined && to.devices?.includes(who.device))
    const role = to.roles?.includes(who.role) || to.teams?.some((team) => who.teams.includes(team))
    if (!grant && !role && Object.keys(to).length > 0) return -1
    return effect === "forbid" ? 3000 : grant ? 2000 : role ? 1000 + who.level : 0
  }
  const speaks = (rule: Rule): boolean =>
    (rule.actions.includes(action) || rule.actions.includes("administer")) &&
    (rule.types === "all" || rule.types.includes(type)) &&
    (rule.fields === undefined || (field === undefined ? rule.effect === "allow" : rule.fields.includes(field))) &&
    (rule.where ?? []).every((term) => holds(rule.effect, term))
  const found = rules.filter((rule) => rank(rule) >= 0 && speaks(rule)).sort((a, b) => rank(b) - rank(a))[0]
  return { allowed: found?.effect === "allow", rule: found?.id }
}
