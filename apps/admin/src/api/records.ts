/** Questions about records: their types, lists of them, one of them as it is and was, conflicts. */
import type { AdminRecords } from "@syncline/core/admin"
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query"
import { ask, part } from "./ask.ts"
import { allOf } from "./pages.ts"

export type TypeCount = typeof AdminRecords.TypeCount.Type
export type TypeSeen = typeof AdminRecords.TypeSeen.Type
export type Entity = typeof AdminRecords.Record.Type
export type Kind = AdminRecords.Kind
export type Change = typeof AdminRecords.Change.Type
export type Conflict = typeof AdminRecords.Conflict.Type
export type Undone = typeof AdminRecords.Undone.Type

export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next: string | null
}

/** Records of one page: enough for many screens, quick to come. */
const pageRecords = 500

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

const first = undefined as string | undefined

export const recordsQuery = (type: string, wanted: Wanted) =>
  infiniteQueryOptions({
    queryKey: ["records", "list", type, wanted],
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      ask<Page<Entity>>("GET", `/entities/${part(type)}`, {
        signal,
        query: { ...wanted, limit: pageRecords, after: pageParam }
      }),
    getNextPageParam: ({ next }) => next ?? undefined
  })

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

export const conflictsQuery = (type?: string, id?: string) =>
  infiniteQueryOptions({
    queryKey: ["conflicts", type, id],
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      ask<ConflictPage>("GET", "/conflicts", { signal, query: { type, id, limit: 200, after: pageParam } }),
    getNextPageParam: ({ next }) => next ?? undefined
  })
