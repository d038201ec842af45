/** Questions about commits that wait, and about what became of commits. */
import type { AdminQuarantine } from "@syncline/core/admin"
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query"
import { ask, part } from "./ask.ts"

export type Entry = typeof AdminQuarantine.Entry.Type
export type Entries = typeof AdminQuarantine.Entries.Type
export type Shown = typeof AdminQuarantine.Shown.Type
export type Outcome = typeof AdminQuarantine.Outcome.Type
export type Receipt = typeof AdminQuarantine.Receipt.Type
export type Reason = Entry["reason"]
type Receipts = typeof AdminQuarantine.Receipts.Type

const first = undefined as string | undefined
const pageMax = 200

export const entriesQuery = (reason: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["quarantine", "list", reason],
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      ask<Entries>("GET", "/quarantine", { signal, query: { reason, limit: pageMax, after: pageParam } }),
    getNextPageParam: ({ next }) => next ?? undefined
  })

export const entryQuery = (id: string) =>
  queryOptions({
    queryKey: ["quarantine", "one", id],
    queryFn: ({ signal }) => ask<Shown>("GET", `/quarantine/${part(id)}`, { signal })
  })

export const receiptsQuery = (status: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["receipts", "list", status],
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      ask<Receipts>("GET", "/receipts", { signal, query: { status, limit: pageMax, after: pageParam } }),
    getNextPageParam: ({ next }) => next ?? undefined
  })

export const receiptQuery = (commit: string) =>
  queryOptions({
    queryKey: ["receipts", "one", commit],
    queryFn: ({ signal }) => ask<Receipt>("GET", `/receipts/${part(commit)}`, { signal })
  })
