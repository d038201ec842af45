/** The whole audit as a file: the export that others verify, or a table for people, which proves nothing. */
import { AuditStore, type Crypto } from "@syncline/core"
import { AuditChain, AuditReport } from "@syncline/policy"
import { Effect, Option, Queue, Stream } from "effect"
import type { FileAnswer } from "../rest/FileAnswer.ts"
import * as CsvLine from "./CsvLine.ts"

/** Pages that are read ahead of who takes them. */
const pagesAheadMax = 2

/** With its chain and the device's signature. Entries that are cut off meanwhile end it before its end. */
export const lines = (reads: AuditStore.AuditReads, signer: Crypto.Signer): FileAnswer => ({
  mediaType: "application/x-ndjson; charset=utf-8",
  fileName: "audit.ndjson",
  text: Stream.callback<string>(
    (queue) =>
      AuditReport.exportLines(reads, signer, (page) =>
        Queue.offer(queue, page.map((line) => `${line}\n`).join(""))
      ).pipe(Effect.orDie, Effect.andThen(Queue.end(queue))),
    { bufferSize: pagesAheadMax }
  )
})

const head = ["number", "time", "action", "device", "allowed", "rule", "policy version", "because", "detail", "times"]

/** An entry a line, the oldest first. What is no entry is left out. */
export const table = (reads: AuditStore.AuditReads): FileAnswer => ({
  mediaType: "text/csv; charset=utf-8; header=present",
  fileName: "audit.csv",
  text: Stream.concat(
    Stream.make(CsvLine.of(head)),
    Stream.paginate(0, (after) =>
      Effect.map(Effect.orDie(reads.page(after, AuditStore.auditPageMax)), (rows) => [
        [rows.map(({ text }) => rowOf(AuditChain.ofText(text))).join("")],
        rows.length === 0 ? Option.none() : Option.some(rows.at(-1)!.number)
      ])
    )
  )
})

const rowOf = (entry: AuditChain.AuditEntry | undefined): string => {
  if (entry === undefined) return ""
  const { action, atMs, decision, detail, number, peer, times } = entry
  const { allowed, because, policyVersion, rule } = decision
  const time = new Date(atMs).toISOString()
  return CsvLine.of([number, time, action, peer, allowed, rule, policyVersion, because, detail, times])
}
