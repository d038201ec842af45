/** Questions about commits that wait, and about what became of commits. */
import type { AdminQuarantine } from "@syncline/core/admin"
import { queryOptions } from "@tanstack/react-query"
import { ask, part } from "./ask.ts"
import { pagesOf } from "./pages.ts"

export type Entry = typeof AdminQuarantine.Entry.Type
export type Entries = typeof AdminQuarantine.Entries.Type
export type Shown = typeof AdminQuarantine.Shown.Type
export type Outcome = typeof AdminQuarantine.Outcome.Type
export type Receipt = typeof AdminQuarantine.Receipt.Type
export type Reason = Entry["reason"]
type Receipts = typeof AdminQuarantine.Receipts.Type

const pageMax = 200

export const entryPages = (reason: string | undefined) =>
  pagesOf<Entries>(["quarantine", "list", reason], "/quarantine", { reason, limit: pageMax })

export const entryQuery = (id: string) =>
  queryOptions({
    queryKey: ["quarantine", "one", id],
    queryFn: ({ signal }) => ask<Shown>("GET", `/quarantine/${part(id)}`, { signal })
  })

export const receiptPages = (status: string | undefined) =>
  pagesOf<Receipts>(["receipts", "list", status], "/receipts", { status, limit: pageMax })

export const receiptQuery = (commit: string) =>
  queryOptions({
    queryKey: ["receipts", "one", commit],
    queryFn: ({ signal }) => ask<Receipt>("GET", `/receipts/${part(commit)}`, { signal })
  })
