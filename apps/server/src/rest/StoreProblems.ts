/** Statuses of the failures that many endpoints share: what the hub's own disk does not let it do now. */
import type { JournalError } from "@syncline/core"
import type { ProblemStatus } from "./Endpoint.ts"

/** Of a journal and what lies beside it. */
export const journal: { readonly [Reason in JournalError.JournalError["reason"]["_tag"]]: ProblemStatus } = {
  StoreFull: 503,
  StoreReadOnly: 503,
  StoreInUse: 503,
  StoreNotDurable: 503,
  StoreForeign: 503,
  StoreSealed: 503,
  StoreCorrupt: 503,
  StoreClosed: 503
}
