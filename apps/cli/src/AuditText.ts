/**
 * Entries of an audit as people read them. Programs read the entries themselves. Names and header values come from other
 * people, so each line is made plain.
 */
import type { AuditChain, AuditReport } from "@syncline/policy"
import * as PlainText from "./PlainText.ts"
import * as Progress from "./Progress.ts"

/** One entry; the number comes first, so that a script can cut it out. */
export const entry = ({ action, atMs, decision, detail, number, peer, times }: AuditChain.AuditEntry): string => {
  const { allowed, because, policyVersion, rule } = decision
  const what = detail.replace("\n", " ")
  return PlainText.part(
    [
      `${number}  ${new Date(atMs).toISOString()}  ${allowed ? "allowed" : "denied"} ${action} ${peer}`,
      what === "" ? "" : ` ${what}`,
      times > 1 ? ` (${times} times)` : "",
      `  ${rule}, version ${policyVersion}: ${because}`
    ].join("")
  )
}

/** A chain that holds. */
export const verdict = ({ entries, last, signer, start }: AuditReport.AuditVerdict): string => {
  const whose = signer === undefined ? "" : `; signed by ${signer}`
  if (entries === 0) return `The audit has no entries${whose}.`
  const behind = start.number === 0 ? "from the beginning" : `behind a checkpoint at ${start.number}`
  return `${Progress.counted(entries, "entry", "entries")} hold, ${behind}; the last is ${last.number}, ${last.hash}${whose}.`
}
