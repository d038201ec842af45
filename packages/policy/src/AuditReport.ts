/**
 * Reading an audit: whether its chain holds, its entries, and the lines that it is exported as. An exported file is
 * verified like the audit itself. It changes nothing.
 */
import { AuditStore, type Crypto, type JournalError, type PeerId } from "@syncline/core"
import { Clock, Effect } from "effect"
import * as AuditChain from "./AuditChain.ts"
import { AuditCut } from "./AuditExportError.ts"

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
  /** Whose word it is: the device that has signed the end of an export, or where an audit begins; nobody's if neither is. */
  readonly signer: PeerId.PeerId | undefined
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
  // What a reader sees in the text must be what was hashed, so nothing may stand beside it or twice in it.
  if (entry === undefined || JSON.stringify(JSON.parse(text)) !== text) return "it is no entry of an audit"
  return AuditChain.firstBad(sha256, last, [entry]) === undefined
    ? entry
    : "it does not follow the entry before it, or was changed"
}

/** What a chain begins behind, or a text that says why that cannot be told. */
type Start = AuditChain.AuditStart & { readonly signer: PeerId.PeerId | undefined }

/** The start that a checkpoint gives; a text when it is none, or not signed by the device. */
const startOf = (
  crypto: Crypto.CryptoFunctions,
  text: string | undefined,
  signer: PeerId.PeerId | undefined
): Start | string => {
  if (text === undefined) return { ...AuditChain.beginning, signer: undefined }
  const checkpoint = AuditChain.checkpointOfText(text)
  if (checkpoint === undefined) return "the checkpoint that it begins behind cannot be read"
  const problem = signatureProblem(crypto, checkpoint, signer)
  if (problem !== undefined) return `the checkpoint that it begins behind is ${problem}`
  return { number: checkpoint.number, hash: checkpoint.hash, signer: checkpoint.signer }
}

const signatureProblem = (
  crypto: Crypto.CryptoFunctions,
  checkpoint: AuditChain.AuditCheckpoint,
  signer: PeerId.PeerId | undefined
): string | undefined => {
  if (!AuditChain.isSigned(crypto, checkpoint)) return "not signed as it says"
  return signer === undefined || checkpoint.signer === signer
    ? undefined
    : `signed by ${checkpoint.signer}, and not by ${signer}`
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
  if (typeof start === "string") return nothingHolds(start)
  const { fault, last } = yield* following(crypto, start, source)
  const verdict: AuditVerdict = { entries: last.number - start.number, start, last, signer: start.signer, fault }
  return verdict
})

const nothingHolds = (problem: string): AuditVerdict => ({
  entries: 0,
  start: AuditChain.beginning,
  last: AuditChain.beginning,
  signer: undefined,
  fault: { number: 1, problem }
})

/**
 * Follows the lines of an export, up to the end that a device has signed. `signer`: the device whose audit it must be;
 * without, the verdict says whose it is.
 */
export const verifyLines = (
  lines: Iterable<string>,
  crypto: Crypto.CryptoFunctions,
  signer?: PeerId.PeerId
): AuditVerdict => {
  const [head = "", ...rest] = lines
  const checkpoint = checkpointOfHead(head)
  if (checkpoint === "none") return nothingHolds("the first line is no head of an export")
  const end = endOfLine(rest.at(-1))
  if (end !== undefined) rest.pop()
  let place = 0
  // What follows is checked in order, so a line has the number that it should have unless it says another.
  const source: Source = (after) =>
    Effect.sync(() => {
      const page = rest.slice(place, place + AuditStore.auditPageMax)
      place += page.length
      return page.map((text, i) => ({ number: AuditChain.ofText(text)?.number ?? after + 1 + i, text }))
    })
  // Lines are in memory, so nothing can fail.
  const verdict = Effect.runSync(Effect.orDie(verified(crypto, checkpoint, signer, source)))
  if (verdict.fault !== undefined) return verdict
  const problem = endProblem(crypto, verdict, end, signer)
  if (problem === undefined) return { ...verdict, signer: end?.signer }
  return { ...verdict, fault: { number: verdict.last.number + 1, problem } }
}

/** Why an export does not end where a device says that it ended. */
const endProblem = (
  crypto: Crypto.CryptoFunctions,
  { last, signer: begunBy }: AuditVerdict,
  end: AuditChain.AuditCheckpoint | undefined,
  signer: PeerId.PeerId | undefined
): string | undefined => {
  if (end === undefined) return "what follows is missing: no signed end closes the export"
  const problem = signatureProblem(crypto, end, signer ?? begunBy)
  if (problem !== undefined) return `the end of the export is ${problem}`
  return end.number === last.number && end.hash === last.hash
    ? undefined
    : `the end that was signed stands behind entry ${end.number}, and not here`
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

const endLine = (end: AuditChain.AuditCheckpoint): string => JSON.stringify({ end })

const endOfLine = (line: string | undefined): AuditChain.AuditCheckpoint | undefined => {
  try {
    const { end } = JSON.parse(line ?? "") as { readonly end?: unknown }
    return end === undefined ? undefined : AuditChain.checkpointOfText(JSON.stringify(end))
  } catch {
    return undefined
  }
}

/**
 * Every line of an export, a page at a time: where the chain begins, the entries as they were kept, and the end, which the
 * device signs, so that a reader elsewhere knows whose word it is; what is no entry is a line of JSON all the same. Gives
 * the number of entries; fails with `AuditCut` where entries were dropped meanwhile.
 */
export const exportLines = <E, R>(
  reads: AuditStore.AuditReads,
  signer: Crypto.Signer,
  write: (lines: ReadonlyArray<string>) => Effect.Effect<void, E, R>
): Effect.Effect<number, JournalError.JournalError | AuditCut | E, R> =>
  Effect.gen(function* () {
    const { checkpoint, first, last } = yield* reads.ends
    yield* write([headOf(checkpoint)])
    let after = (first?.number ?? 1) - 1
    let entries = 0
    while (last !== undefined && after < last.number) {
      const rows = (yield* reads.page(after, AuditStore.auditPageMax)).filter(({ number }) => number <= last.number)
      const isWhole = rows[0]?.number === after + 1
      if (!isWhole && (yield* reads.ends).checkpoint !== checkpoint) return yield* new AuditCut({ number: after + 1 })
      if (rows.length === 0) break
      yield* Effect.yieldNow
      yield* write(rows.map(({ text }) => (AuditChain.ofText(text) === undefined ? JSON.stringify(text) : text)))
      after = rows.at(-1)!.number
      entries += rows.length
    }
    const begin = AuditChain.checkpointOfText(checkpoint ?? "") ?? AuditChain.beginning
    const end = last === undefined ? begin : { number: last.number, hash: AuditChain.ofText(last.text)?.hash ?? "" }
    yield* write([endLine(AuditChain.checkpoint(signer, end, yield* Clock.currentTimeMillis))])
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
  /** Decided at this time or later, in milliseconds since 1970. */
  readonly fromMs?: number | undefined
  /** Decided before this time. */
  readonly toMs?: number | undefined
  /** Decided by this rule; one that ends in `*` stands for all that begin so. */
  readonly rule?: string | undefined
  /** In the detail or the reason, in small or capital letters; `""` is in all. */
  readonly text?: string | undefined
}

/** The newest entries that are meant, the newest first. Texts that are no entries are left out; `verify` names them. */
export const list = (
  reads: AuditStore.AuditReads,
  question: AuditQuestion
): Effect.Effect<ReadonlyArray<AuditChain.AuditEntry>, JournalError.JournalError> =>
  Effect.gen(function* () {
    const found: Array<AuditChain.AuditEntry> = []
    const most = Math.min(question.limit, listMax)
    const isMeant = meantBy(question)
    let upto = question.before ?? Number.MAX_SAFE_INTEGER
    for (;;) {
      const rows = yield* reads.pageBefore(upto, AuditStore.auditPageMax)
      if (rows.length === 0 || found.length >= most) return found
      yield* Effect.yieldNow
      for (const { text } of rows) {
        const entry = AuditChain.ofText(text)
        if (entry !== undefined && found.length < most && isMeant(entry)) found.push(entry)
      }
      upto = rows.at(-1)!.number
    }
  })

/** Clocks are set back, so an entry may be older than one in front of it: none is passed over for its place. */
const meantBy = ({ action, fromMs, isDenied, peer, rule, text, toMs }: AuditQuestion) => {
  const isRule = ruleTest(rule)
  const wanted = text?.toLowerCase() ?? ""
  return ({ action: done, atMs, decision, detail, peer: about }: AuditChain.AuditEntry): boolean =>
    (action === undefined || done === action) &&
    (peer === undefined || about === peer) &&
    (isDenied !== true || !decision.allowed) &&
    (fromMs === undefined || atMs >= fromMs) &&
    (toMs === undefined || atMs < toMs) &&
    isRule(decision.rule) &&
    (wanted === "" || [detail, decision.because].some((said) => said.toLowerCase().includes(wanted)))
}

const ruleTest = (rule: string | undefined): ((name: string) => boolean) => {
  if (rule === undefined) return () => true
  return rule.endsWith("*") ? (name) => name.startsWith(rule.slice(0, -1)) : (name) => name === rule
}
