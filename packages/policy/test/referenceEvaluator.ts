/**
 * What a policy document means, written down as plainly as can be, to hold the compiled one against. Forbid beats allow,
 * then a grant, then the highest role or team, then a rule for everybody, then no.
 */
import type { Action, PolicyDocument, Rule, Term } from "../src/PolicyDocument.ts"
import type { HeaderValues, PolicySubject } from "../src/PolicySubject.ts"

export const decide = (
  { rules, types }: PolicyDocument,
  who: PolicySubject,
  action: Action,
  type: string,
  header: HeaderValues,
  field?: string
): { readonly allowed: boolean; readonly rule: string | undefined } => {
  const declared = new Map(Object.entries(Object.hasOwn(types, type) ? (types[type]!.header ?? {}) : {}))
  const values = new Map(Object.entries(header).filter(([, value]) => value !== null))
  const kindOf = (value: unknown) => (typeof value === "string" ? "text" : typeof value)
  if ([...values].some(([name, value]) => declared.get(name) !== kindOf(value)))
    return { allowed: false, rule: undefined }
  const real = (value: unknown) => (value === "$member" ? who.member : value === "$device" ? who.device : value)
  const holds = ({ field: name, op, value }: Term): boolean => {
    const has = values.has(name)
    if (op === "exists") return has === value
    const found = values.get(name) as string | number | boolean
    const list = value === "$teams" ? who.teams : [value].flat().map(real)
    const one = list[0] as string | number | boolean
    const tests = {
      eq: found === one,
      ne: found !== one,
      in: list.some((each) => each === found),
      nin: list.every((each) => each !== found)
    }
    const orders = { lt: found < one, lte: found <= one, gt: found > one, gte: found >= one }
    return has && { ...tests, ...orders }[op]
  }
  const rank = ({ effect, to = {} }: Rule): number => {
    const grant = to.members?.includes(who.member) || to.devices?.includes(who.device)
    const role = to.roles?.includes(who.role) || to.teams?.some((team) => who.teams.includes(team))
    if (!grant && !role && Object.keys(to).length > 0) return -1
    return effect === "forbid" ? 3000 : grant ? 2000 : role ? 1000 + who.level : 0
  }
  const speaks = (rule: Rule): boolean =>
    rule.actions.includes(action) &&
    (rule.types === "all" || rule.types.includes(type)) &&
    (rule.fields === undefined || (field === undefined ? rule.effect === "allow" : rule.fields.includes(field))) &&
    (rule.where ?? []).every(holds)
  const found = rules.filter((rule) => rank(rule) >= 0 && speaks(rule)).sort((a, b) => rank(b) - rank(a))[0]
  return { allowed: found?.effect === "allow", rule: found?.id }
}
