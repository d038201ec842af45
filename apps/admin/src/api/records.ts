/** Questions about records: their types, lists of them, one of them as it is and was, conflicts. */
import type { AdminRecords } from "@syncline/core/admin"
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query"
import { ask, part } from "./ask.ts"
import { allOf, type Page, pagesOf } from "./pages.ts"

export type TypeCount = typeof AdminRecords.TypeCount.Type
export type TypeSeen = typeof AdminRecords.TypeSeen.Type
export type Entity = typeof AdminRecords.Record.Type
export type Kind = AdminRecords.Kind
export type Change = typeof AdminRecords.Change.Type
export type Conflict = typeof AdminRecords.Conflict.Type
export type Undone = typeof AdminRecords.Undone.Type

/** Records of one page: enough for many screens, quick to come. */
const pageRecords = 1_000

export const typesQuery = queryOptions({
  queryKey: ["records", "types"],
  queryFn: ({ signal }) => allOf<TypeCount>("/types", signal)
})

export const typeQuery = (type: string) =>
  queryOptions({
    queryKey: ["records", "type", type],
    queryFn: ({ signal }) => ask<TypeSeen>("GET", `/types/${part(type)}`, { signal })
  })

/** Which records of a type, in which order, as of when; as the hub takes it. */
export interface Wanted {
  readonly where?: string | undefined
  readonly orderBy?: string | undefined
  readonly isDescending?: string | undefined
  readonly at?: string | undefined
}

export const recordPages = (type: string, wanted: Wanted) =>
  pagesOf<Page<Entity>>(["records", "list", type, wanted], `/entities/${part(type)}`, { ...wanted, limit: pageRecords })

const first = undefined as string | undefined

/** `header` is the JSON of the header, where several records have one id. */
export interface Which {
  readonly type: string
  readonly id: string
  readonly header?: string | undefined
}

export const pathOf = ({ id, type }: Which): string => `/entities/${part(type)}/${part(id)}`

export const recordQuery = ({ header, ...which }: Which, at?: string) =>
  queryOptions({
    queryKey: ["records", "one", which.type, which.id, header, at],
    queryFn: ({ signal }) => ask<Entity>("GET", pathOf(which), { signal, query: { header, at } })
  })

export const historyQuery = ({ header, ...which }: Which) =>
  infiniteQueryOptions({
    queryKey: ["records", "history", which.type, which.id, header],
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      ask<Page<Change>>("GET", `${pathOf(which)}/history`, { signal, query: { header, after: pageParam } }),
    getNextPageParam: ({ next }) => next ?? undefined
  })

export interface ConflictPage extends Page<Conflict> {
  /** Conflicts that came too fast to be noted. */
  readonly missed: number
}

export const conflictPages = (type?: string, id?: string) =>
  pagesOf<ConflictPage>(["conflicts", type, id], "/conflicts", { type, id, limit: 200 })

/** Every noted conflict of a record's id. */
export const conflictsOf = (type: string, id: string) =>
  queryOptions({
    queryKey: ["conflicts", "of", type, id],
    queryFn: ({ signal }) => allOf<Conflict>("/conflicts", signal, { type, id })
  })
