/**
 * `syncline audit …`: what the node of a folder decided, read from the folder's file beside whoever runs on it, or from an
 * export. It changes nothing.
 */
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline/promises"
import { type AuditStore, PeerId } from "@syncline/core"
import { NodeCrypto, SqliteAudit } from "@syncline/node"
import { type AuditChain, AuditExportError, AuditReport } from "@syncline/policy"
import { Effect } from "effect"
import * as AuditText from "../AuditText.ts"
import { AuditBroken, AuditMoved, SignerInvalid } from "../AuditError.ts"
import { because, DeviceMissing, InputUnreadable } from "../CliError.ts"
import * as Device from "../Device.ts"
import { Output } from "../Output.ts"
import * as OutputFile from "../OutputFile.ts"
import * as Progress from "../Progress.ts"

const listedDefault = 20

interface On {
  readonly data: string
}
interface InFile extends On {
  readonly file: string | undefined
}
interface VerifyInput extends InFile {
  readonly signer: string | undefined
}

/** The folder's audit; an empty one where nothing was decided yet. */
const opened = Effect.fnUntraced(function* (data: string) {
  if (!Device.hasJournal(data)) return yield* because(new DeviceMissing({ folder: data }))
  return (yield* SqliteAudit.openReadOnly(data)) ?? nothing
})

const nothing: AuditStore.AuditReads = {
  ends: Effect.succeed({ checkpoint: undefined, first: undefined, last: undefined }),
  page: () => Effect.succeed([]),
  pageBefore: () => Effect.succeed([])
}

export interface ListInput extends On {
  readonly isDenied: boolean
  readonly action: AuditChain.AuditFacts["action"] | undefined
  readonly peer: string | undefined
  readonly limit: number | undefined
  readonly before: number
}

export const list = Effect.fnUntraced(function* ({ before, data, limit = listedDefault, ...question }: ListInput) {
  const output = yield* Output
  const reads = yield* opened(data)
  const found = yield* AuditReport.list(reads, { ...question, limit, before: before === 0 ? undefined : before })
  for (const entry of found) yield* output.line(entry, AuditText.entry(entry))
  if (found.length === 0) yield* output.note("Nothing of the kind was decided yet.")
}, Effect.scoped)

export const verify = Effect.fnUntraced(function* ({ data, file, signer }: VerifyInput) {
  const output = yield* Output
  if (signer !== undefined && !PeerId.is(signer)) return yield* because(new SignerInvalid({ signer }))
  const found = file === undefined ? yield* verifyFolder(data, signer) : yield* verifyFile(file, signer)
  const { fault, ...verdict } = found
  if (fault !== undefined) {
    const place = file ?? "The audit"
    return yield* because(new AuditBroken({ place, ...fault }))
  }
  yield* output.result(verdict, AuditText.verdict(found))
}, Effect.scoped)

const verifyFolder = Effect.fnUntraced(function* (data: string, signer: PeerId.PeerId | undefined) {
  const reads = yield* opened(data)
  return yield* AuditReport.verify(reads, NodeCrypto.functions, signer ?? (yield* Device.peerOf(data)))
})

const verifyFile = Effect.fnUntraced(function* (file: string, signer: PeerId.PeerId | undefined) {
  const lines = yield* Effect.tryPromise({
    try: async () => {
      const read: Array<string> = []
      for await (const line of createInterface({ input: createReadStream(file, "utf8") })) read.push(line)
      return read
    },
    catch: (error) => {
      const { code, message } = error as NodeJS.ErrnoException
      return because(new InputUnreadable({ file, problem: code === "ENOENT" ? "there is no such file" : message }))
    }
  })
  return AuditReport.verifyLines(lines, NodeCrypto.functions, signer)
})

export const exportEntries = Effect.fnUntraced(function* ({ data, file }: InFile) {
  const output = yield* Output
  const reads = yield* opened(data)
  const key = yield* Device.keyOf(data)
  const each = <E>(onRows: OutputFile.OnRows<E>) =>
    AuditReport.exportLines(reads, key, (lines) => onRows(lines.map((line): unknown => JSON.parse(line)))).pipe(
      Effect.mapError((error) =>
        error instanceof AuditExportError.AuditCut ? because(new AuditMoved({ problem: error.message })) : error
      )
    )
  if (file === undefined) return yield* Effect.asVoid(each(output.lines))
  const lines = yield* OutputFile.write(file, each)
  const entries = Progress.counted(lines - 2, "entry", "entries")
  yield* output.result({ file, entries: lines - 2 }, `Wrote ${entries} to ${file}.`)
}, Effect.scoped)
