/**
 * A policy document as a table: what each role may do with each type, as far as a table can tell. It is read off the rules for somebody who has
 * the role and nothing else; what depends on a record, a team or a person is "some". Only the compiler decides.
 */
import { type Action, type PolicyDocument, type Rule } from "./PolicyDocument.ts"

/** `some`: with some records or fields, or only for some who have the role. */
export type CellAnswer = "yes" | "some" | "no"

export interface Cell {
  readonly answer: CellAnswer
  /** Ids of the rules that speak of it, in the order of the document. */
  readonly rules: ReadonlyArray<string>
}

/** `administer` stands for every action. */
const speaks = ({ actions, types }: Rule, type: string, action: Action): boolean =>
  (actions.includes(action) || actions.includes("administer")) && (types === "all" || types.includes(type))

/** Whom a rule is about, seen from a role: all who have it, some of them, or none. */
const reach = ({ to }: Rule, role: string): "all" | "some" | "none" => {
  if (to === undefined) return "all"
  const { devices = [], members = [], roles = [], teams = [] } = to
  const isAboutEverybody = [devices, members, roles, teams].every((names) => names.length === 0)
  if (isAboutEverybody || roles.includes(role)) return "all"
  return devices.length + members.length + teams.length > 0 ? "some" : "none"
}

const isWhole = ({ fields, where = [] }: Rule): boolean => where.length === 0 && fields === undefined

/** What a role may do with a type. To write takes reading, too. */
export const cellOf = (document: PolicyDocument, role: string, type: string, action: Action): Cell => {
  const own = byItsRules(document, role, type, action)
  if (action === "read" || action === "share" || action === "administer") return own
  const reading = byItsRules(document, role, type, "read")
  return { answer: least(own.answer, reading.answer), rules: own.rules }
}

const order: ReadonlyArray<CellAnswer> = ["no", "some", "yes"]
const least = (one: CellAnswer, other: CellAnswer): CellAnswer =>
  order[Math.min(order.indexOf(one), order.indexOf(other))]!

const byItsRules = ({ rules }: PolicyDocument, role: string, type: string, action: Action): Cell => {
  const about = rules.filter((rule) => speaks(rule, type, action) && reach(rule, role) !== "none")
  const told = (answer: CellAnswer): Cell => ({ answer, rules: about.map(({ id }) => id) })
  const isSure = (rule: Rule): boolean => isWhole(rule) && reach(rule, role) === "all"
  const forbids = about.filter(({ effect }) => effect === "forbid")
  const allows = about.filter(({ effect }) => effect === "allow")
  if (allows.length === 0 || forbids.some(isSure)) return told("no")
  return told(forbids.length === 0 && allows.some(isSure) ? "yes" : "some")
}

/** Types that the document declares, in its order. */
export const typesOf = ({ types }: PolicyDocument): ReadonlyArray<string> => Object.keys(types)
