/** Questions about what was decided, and whether the record of it holds. */
import type { AdminAudit } from "@syncline/core/admin"
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query"
import { ask } from "./ask.ts"

export type Entry = typeof AdminAudit.AuditEntry.Type
export type Verdict = typeof AdminAudit.AuditVerdict.Type

export interface AuditFilter {
  readonly denied?: string | undefined
  readonly action?: string | undefined
  readonly peer?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly rule?: string | undefined
  readonly text?: string | undefined
}

const pageEntries = 200

interface AuditPage {
  readonly items: ReadonlyArray<Entry>
}

/** The newest first; each page lies below the one before. */
export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["audit", "list", filter],
    initialPageParam: undefined as number | undefined,
    queryFn: async ({ pageParam, signal }): Promise<AuditPage> => ({
      items: (
        await ask<{ readonly entries: ReadonlyArray<Entry> }>("GET", "/audit", {
          signal,
          query: { ...filter, limit: pageEntries, before: pageParam }
        })
      ).entries
    }),
    getNextPageParam: ({ items }) => (items.length < pageEntries ? undefined : items.at(-1)!.number)
  })

/** It reads the whole chain, so it is asked only when somebody looks. */
export const verdictQuery = queryOptions({
  queryKey: ["audit", "verdict"],
  queryFn: ({ signal }) => ask<Verdict>("GET", "/audit/verify", { signal }),
  staleTime: 60_000
})
