/**
 * `syncline receipts`: what became of the commits that this device wrote, in order of arrival. It works beside a running
 * process.
 */
import { QuarantineDesk, type Receipt } from "@syncline/core"
import { Effect } from "effect"
import { because, CommitMissing } from "../CliError.ts"
import * as CommitId from "../CommitId.ts"
import * as CommitText from "../CommitText.ts"
import * as Device from "../Device.ts"
import { Output } from "../Output.ts"

export interface ReceiptsInput {
  readonly data: string
  readonly commit: string | undefined
  readonly status: Receipt.ReceiptStatus | undefined
  readonly limit: number | undefined
  readonly after: number
}

/** Receipts asked for at once. */
const pageReceipts = 1_000

export const run = Effect.fnUntraced(function* (input: ReceiptsInput) {
  const commit = input.commit === undefined ? undefined : yield* CommitId.parse(input.commit, "receipts")
  const printed = commit === undefined ? printAll(input) : printOne(commit)
  yield* printed.pipe(Effect.provide(Device.layerLooking(input.data)))
})

const printOne = Effect.fnUntraced(function* (commit: string) {
  const output = yield* Output
  const receipt = yield* QuarantineDesk.QuarantineDesk.use((desk) => desk.receipt(commit))
  if (receipt === undefined) return yield* because(new CommitMissing({ commit, place: "receipts" }))
  yield* output.result(receipt, CommitText.receipt(receipt))
})

const printAll = Effect.fnUntraced(function* ({ status, ...range }: ReceiptsInput) {
  const output = yield* Output
  const desk = yield* QuarantineDesk.QuarantineDesk
  let { after } = range
  let left = range.limit ?? Number.POSITIVE_INFINITY
  while (left > 0) {
    const wanted = Math.min(left, pageReceipts)
    const page = yield* desk.receipts({ after, limit: wanted, status })
    for (const receipt of page) yield* output.line(receipt, CommitText.receipt(receipt))
    if (page.length < wanted) return
    after = page.at(-1)!.lseq
    left -= page.length
  }
})
