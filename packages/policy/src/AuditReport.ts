/**
 * Reading an audit: whether its chain holds, its entries, and the lines that it is exported as. An exported file is
 * verified like the audit itself. It changes nothing.
 */
import { AuditStore, type Crypto, type JournalError, type PeerId } from "@syncline/core"
import { Effect } from "effect"
import * as AuditChain from "./AuditChain.ts"

/** Most entries that one list gives. */
export const listMax = 1_000

/** What is wrong with an audit, and where. */
export interface AuditFault {
  readonly number: number
  readonly problem: string
}

/** Whether a chain holds. Entries cut off its end are seen by whoever knows an earlier `last`. */
export interface AuditVerdict {
  readonly entries: number
  /** What the entries follow: a signed checkpoint, or the beginning. */
  readonly start: AuditChain.AuditStart
  /** The last entry that holds. */
  readonly last: AuditChain.AuditStart
  readonly fault: AuditFault | undefined
}

type Source = (after: number) => Effect.Effect<ReadonlyArray<AuditStore.AuditRow>, JournalError.JournalError>

const following = Effect.fnUntraced(function* (
  crypto: Crypto.CryptoFunctions,
  start: AuditChain.AuditStart,
  source: Source
) {
  let last = start
  for (;;) {
    const rows = yield* source(last.number)
    // A large audit takes seconds, in which others want their turn.
    yield* Effect.yieldNow
    for (const row of rows) {
      const fault = faultOf(crypto, last, row)
      if (typeof fault === "string") return { last, fault: { number: last.number + 1, problem: fault } }
      last = { number: fault.number, hash: fault.hash }
    }
    if (rows.length === 0) return { last, fault: undefined }
  }
})

const faultOf = (
  { sha256 }: Crypto.CryptoFunctions,
  last: AuditChain.AuditStart,
  { number, text }: AuditStore.AuditRow
): AuditChain.AuditEntry | string => {
  if (number !== last.number + 1) return `it is missing; ${number} stands in its place`
  const entry = AuditChain.ofText(text)
  if (entry === undefined) return "it is no entry of an audit"
  return AuditChain.firstBad(sha256, last, [entry]) === undefined
    ? entry
    : "it does not follow the entry before it, or was changed"
}

/** The start that a checkpoint gives; a text when it is none, or not signed by the device. */
const startOf = (
  crypto: Crypto.CryptoFunctions,
  text: string | undefined,
  signer: PeerId.PeerId | undefined
): AuditChain.AuditStart | string => {
  if (text === undefined) return AuditChain.beginning
  const checkpoint = AuditChain.checkpointOfText(text)
  if (checkpoint === undefined) return "the checkpoint that it begins behind cannot be read"
  if (!AuditChain.isSigned(crypto, checkpoint)) return "the checkpoint that it begins behind is not signed as it says"
  if (signer !== undefined && checkpoint.signer !== signer)
    return `the checkpoint that it begins behind is signed by ${checkpoint.signer}, and not by this device`
  return { number: checkpoint.number, hash: checkpoint.hash }
}

/** Follows the whole chain. `signer`: the device whose audit it is; anybody's checkpoint will do without. */
export const verify = (
  reads: AuditStore.AuditReads,
  crypto: Crypto.CryptoFunctions,
  signer?: PeerId.PeerId
): Effect.Effect<AuditVerdict, JournalError.JournalError> =>
  Effect.gen(function* () {
    for (;;) {
      const { checkpoint } = yield* reads.ends
      const verdict = yield* verified(crypto, checkpoint, signer, (after) => reads.page(after, AuditStore.auditPageMax))
      // Entries that were cut off meanwhile are not missing.
      if (verdict.fault === undefined || (yield* reads.ends).checkpoint === checkpoint) return verdict
    }
  })

const verified = Effect.fnUntraced(function* (
  crypto: Crypto.CryptoFunctions,
  checkpoint: string | undefined,
  signer: PeerId.PeerId | undefined,
  source: Source
) {
  const start = startOf(crypto, checkpoint, signer)
  if (typeof start === "string") {
    const nowhere = AuditChain.beginning
    const verdict: AuditVerdict = { entries: 0, start: nowhere, last: nowhere, fault: { number: 1, problem: start } }
    return verdict
  }
  const { fault, last } = yield* following(crypto, start, source)
  const verdict: AuditVerdict = { entries: last.number - start.number, start, last, fault }
  return verdict
})

/** Follows the lines of an export. */
export const verifyLines = (
  lines: Iterable<string>,
  crypto: Crypto.CryptoFunctions,
  signer?: PeerId.PeerId
): AuditVerdict => {
  const [head = "", ...rest] = lines
  const checkpoint = checkpointOfHead(head)
  if (checkpoint === "none") {
    const [start, problem] = [AuditChain.beginning, "the first line is no head of an export"]
    return { entries: 0, start, last: start, fault: { number: 1, problem } }
  }
  let place = 0
  // What follows is checked in order, so a line has the number that it should have unless it says another.
  const source: Source = (after) =>
    Effect.sync(() => {
      const page = rest.slice(place, place + AuditStore.auditPageMax)
      place += page.length
      return page.map((text, i) => ({ number: AuditChain.ofText(text)?.number ?? after + 1 + i, text }))
    })
  // Lines are in memory, so nothing can fail.
  return Effect.runSync(Effect.orDie(verified(crypto, checkpoint, signer, source)))
}

const exportFormat = "syncline/audit-export/v1"

/** The first line of an export. */
const headOf = (checkpoint: string | undefined): string =>
  JSON.stringify({ format: exportFormat, checkpoint: checkpoint === undefined ? null : jsonOf(checkpoint) })

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const checkpointOfHead = (line: string): string | undefined => {
  try {
    const head = JSON.parse(line) as { readonly format?: unknown; readonly checkpoint?: unknown } | null
    if (head?.format !== exportFormat) return "none"
    return head.checkpoint === null ? undefined : JSON.stringify(head.checkpoint)
  } catch {
    return "none"
  }
}

/**
 * Every line of an export, a page at a time: where the chain begins, then the entries as they were kept; what is no entry
 * is a line of JSON all the same.
 */
export const exportLines = <E, R>(
  reads: AuditStore.AuditReads,
  write: (lines: ReadonlyArray<string>) => Effect.Effect<void, E, R>
): Effect.Effect<number, JournalError.JournalError | E, R> =>
  Effect.gen(function* () {
    const { checkpoint, first, last } = yield* reads.ends
    yield* write([headOf(checkpoint)])
    let after = (first?.number ?? 1) - 1
    let entries = 0
    while (last !== undefined && after < last.number) {
      const rows = yield* reads.page(after, AuditStore.auditPageMax)
      if (rows.length === 0) break
      yield* Effect.yieldNow
      yield* write(rows.map(({ text }) => (AuditChain.ofText(text) === undefined ? JSON.stringify(text) : text)))
      after = rows.at(-1)!.number
      entries += rows.length
    }
    return entries
  })

export interface AuditQuestion {
  /** The newest entries below this number; all when absent. */
  readonly before?: number | undefined
  /** Most entries, 1 to 1,000. */
  readonly limit: number
  readonly isDenied?: boolean | undefined
  readonly peer?: string | undefined
  readonly action?: AuditChain.AuditFacts["action"] | undefined
}

/** The newest entries that are meant, the newest first. Texts that are no entries are left out; `verify` names them. */
export const list = (
  reads: AuditStore.AuditReads,
  { action, before, isDenied, limit, peer }: AuditQuestion
): Effect.Effect<ReadonlyArray<AuditChain.AuditEntry>, JournalError.JournalError> =>
  Effect.gen(function* () {
    const { first, last } = yield* reads.ends
    const found: Array<AuditChain.AuditEntry> = []
    let upto = Math.min(before ?? Infinity, (last?.number ?? 0) + 1)
    while (found.length < Math.min(limit, listMax) && upto > (first?.number ?? Infinity)) {
      const after = Math.max(0, upto - 1 - AuditStore.auditPageMax)
      const rows = yield* reads.page(after, upto - 1 - after)
      yield* Effect.yieldNow
      for (const { text } of rows.toReversed()) {
        const entry = AuditChain.ofText(text)
        if (entry === undefined || found.length >= limit) continue
        const isMeant =
          (action === undefined || entry.action === action) &&
          (peer === undefined || entry.peer === peer) &&
          (isDenied !== true || !entry.decision.allowed)
        if (isMeant) found.push(entry)
      }
      upto = after + 1
    }
    return found
  })
