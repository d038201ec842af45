/**
 * When a policy answers the same about two partitions, whoever asks, so that what is told of thousands of them is worked
 * out once for all that are alike. It goes by what the rules ask of a header; what they say to it is `PolicyCompiler`'s.
 */
import type { CharterState, Partition } from "@syncline/core"
import { isOfKind, type PolicyDocument, type Term } from "./PolicyDocument.ts"

/** A text that is equal for partitions of one type of which the policy says the same. */
export type KeyOf = (partition: Partition.Partition) => string

/** What rules tell apart of a header field: all values, or these ones and one of all others. */
type Told = "all" | ReadonlySet<unknown>

/** `"closed"` stands for a document that cannot be read: it says the same of everything. */
export const keys = (document: PolicyDocument | "closed" | undefined, state: CharterState.CharterState): KeyOf => {
  if (document === "closed") return () => ""
  const names = namesOf(state)
  if (document === undefined) {
    const byRole = new Map<string, Told>([
      ["audience", "all"],
      ["team", new Set(names.$teams)]
    ])
    return ({ header }) => keyOf(byRole, header)
  }
  const byType = new Map<string, ReadonlyMap<string, Told>>()
  return ({ header, type }) => {
    const declared = Object.hasOwn(document.types, type) ? (document.types[type]!.header ?? {}) : {}
    // One that is not as declared is nobody's.
    for (const [field, value] of Object.entries(header)) {
      if (value !== null && !isOfKind(Object.hasOwn(declared, field) ? declared[field] : undefined, value)) return ""
    }
    let told = byType.get(type)
    if (told === undefined) byType.set(type, (told = toldOf(document, type, names)))
    return keyOf(told, header)
  }
}

/** What a variable may stand for. */
type Names = Record<"$member" | "$device" | "$teams", ReadonlyArray<string>>

const namesOf = ({ devices, members }: CharterState.CharterState): Names => ({
  $member: [...members.keys()],
  $device: [...devices.keys()],
  $teams: [...new Set([...members.values()].flatMap(({ teams }) => teams))]
})

const toldOf = ({ rules, types }: PolicyDocument, type: string, names: Names): ReadonlyMap<string, Told> => {
  const told = new Map<string, Told>()
  for (const { types: of, where = [] } of rules) {
    if (of !== "all" && !of.includes(type)) continue
    for (const term of where) told.set(term.field, both(told.get(term.field), toldBy(term, names)))
  }
  const declared = Object.hasOwn(types, type) ? (types[type]!.header ?? {}) : {}
  // Whom a record is for decides what it takes to make it.
  for (const [field, kind] of Object.entries(declared)) if (kind === "audience") told.set(field, "all")
  return told
}

const both = (one: Told = new Set(), other: Told): Told =>
  one === "all" || other === "all" ? "all" : new Set([...one, ...other])

const toldBy = ({ op, value }: Term, names: Names): Told => {
  // Whether it is there is always told.
  if (op === "exists") return new Set()
  if (op !== "eq" && op !== "ne" && op !== "in" && op !== "nin") return "all"
  const values: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
  return new Set(values.flatMap((each): ReadonlyArray<unknown> => (isVariable(each) ? names[each] : [each])))
}

const isVariable = (value: unknown): value is keyof Names =>
  value === "$member" || value === "$device" || value === "$teams"

/** Stands for a value that is missing, and for one that no rule names. */
const [missing, other] = [0, 1]

const keyOf = (told: ReadonlyMap<string, Told>, header: Partition.Partition["header"]): string => {
  const parts: Array<unknown> = []
  for (const [field, values] of told) {
    const value = Object.hasOwn(header, field) ? (header[field] ?? null) : null
    if (value === null) parts.push(missing)
    else parts.push(values === "all" || values.has(value) ? [value] : other)
  }
  return JSON.stringify(parts)
}
