/** Questions about what was decided, and whether the record of it holds. */
import type { AdminAudit } from "@syncline/core/admin"
import { queryOptions } from "@tanstack/react-query"
import { ask } from "./ask.ts"
import type { Page } from "./pages.ts"

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

/** The newest first; each page lies below the one before. */
export const auditPages = (filter: AuditFilter) => (before: string | undefined) => ({
  queryKey: ["audit", "list", filter, before],
  queryFn: async ({ signal }: { readonly signal: AbortSignal }): Promise<Page<Entry>> => {
    const query = { ...filter, limit: pageEntries, before }
    const { entries } = await ask<{ readonly entries: ReadonlyArray<Entry> }>("GET", "/audit", { signal, query })
    return { items: entries, next: entries.length < pageEntries ? null : String(entries.at(-1)!.number) }
  }
})

/** It reads the whole chain, so it is asked only when somebody looks. */
export const verdictQuery = queryOptions({
  queryKey: ["audit", "verdict"],
  queryFn: ({ signal }) => ask<Verdict>("GET", "/audit/verify", { signal }),
  staleTime: 60_000
})
