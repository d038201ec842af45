/**
 * `syncline quarantine list`, `show`, `export`, `release` and `discard`: core's desk at a terminal. Looking works beside
 * a running process; deciding needs the folder for itself and asks the folder's own list of trusted peers.
 */
import { PeerId, type Quarantine, QuarantineDesk } from "@syncline/core"
import { Effect, Stream } from "effect"
import { because, type CliError, CommitMissing, CommitsStay, DiscardUnconfirmed, UsageInvalid } from "../CliError.ts"
import * as CommitId from "../CommitId.ts"
import * as CommitText from "../CommitText.ts"
import * as Device from "../Device.ts"
import { command } from "../Invocation.ts"
import { Output } from "../Output.ts"
import * as OutputFile from "../OutputFile.ts"
import * as Progress from "../Progress.ts"

/** Entries asked for at once. */
const pageEntries = 1_000

type Reason = Quarantine.QuarantineReason | undefined

export interface ListInput {
  readonly data: string
  readonly reason: Reason
  readonly limit: number | undefined
  readonly after: number
}

export const list = Effect.fnUntraced(function* (input: ListInput) {
  const output = yield* Output
  yield* Effect.gen(function* () {
    const desk = yield* QuarantineDesk.QuarantineDesk
    let after = input.after
    let left = input.limit ?? Number.POSITIVE_INFINITY
    while (left > 0) {
      const wanted = Math.min(left, pageEntries)
      const page = yield* desk.list({ after, limit: wanted, reason: input.reason })
      for (const entry of page) yield* output.line(entry, CommitText.line(entry))
      if (page.length < wanted) break
      after = page.at(-1)!.place
      left -= page.length
    }
    yield* output.note(summary(yield* desk.counts))
  }).pipe(Effect.provide(Device.layerLooking(input.data)))
})

const summary = (counts: Quarantine.QuarantineCounts): string => {
  const waiting = Object.entries(counts).filter(([, count]) => count > 0)
  if (waiting.length === 0) return "Nothing waits in quarantine."
  const sum = waiting.reduce((all, [, count]) => all + count, 0)
  const each = waiting.map(([reason, count]) => `${Progress.count(count)} ${reason}`).join(", ")
  return `${Progress.counted(sum, "commit")} in quarantine: ${each}. Look at one with: ${command("quarantine show <id>")}`
}

export const show = Effect.fnUntraced(function* (input: { readonly data: string; readonly id: string }) {
  const output = yield* Output
  const commit = yield* CommitId.parse(input.id, "quarantine list")
  const shown = yield* QuarantineDesk.QuarantineDesk.use((desk) => desk.show(commit)).pipe(
    Effect.provide(Device.layerLooking(input.data))
  )
  if (shown === undefined) return yield* because(new CommitMissing({ commit, place: "quarantine" }))
  yield* output.result(shown, CommitText.page(shown))
})

export interface ExportInput {
  readonly data: string
  readonly reason: Reason
  readonly file: string | undefined
}

export const exportCommits = Effect.fnUntraced(function* ({ data, file, reason }: ExportInput) {
  const output = yield* Output
  const each = <E>(onRows: OutputFile.OnRows<E>) =>
    QuarantineDesk.QuarantineDesk.use((desk) => Stream.runForEach(desk.export(reason), (line) => onRows([line])))
  yield* Effect.gen(function* () {
    if (file === undefined) return yield* each(output.lines)
    const commits = yield* OutputFile.write(file, each)
    yield* output.result({ file, commits }, `Wrote ${Progress.counted(commits, "commit")} to ${file}.`)
  }).pipe(Effect.provide(Device.layerLooking(data)))
})

export interface DecideInput {
  readonly data: string
  readonly ids: ReadonlyArray<string>
  readonly reason: Reason
  readonly author: string | undefined
  readonly peer: string | undefined
}

export const release = (input: DecideInput) =>
  decide(input, {
    verb: "Released",
    some: (desk) => desk.release,
    all: (desk) => desk.releaseWhere,
    confirmed: Effect.void
  })

/** Release can be undone, this cannot: `isConfirmed` says that the caller knows. */
export const discard = (input: DecideInput & { readonly isConfirmed: boolean }) =>
  decide(input, {
    verb: "Discarded",
    some: (desk) => desk.discard,
    all: (desk) => desk.discardWhere,
    confirmed: input.isConfirmed ? Effect.void : because(new DiscardUnconfirmed({}))
  })

type Desk = QuarantineDesk.QuarantineDeskShape

interface Deciding {
  readonly verb: string
  readonly some: (desk: Desk) => Desk["release"]
  readonly all: (desk: Desk) => Desk["releaseWhere"]
  readonly confirmed: Effect.Effect<void, CliError>
}

const decide = Effect.fnUntraced(function* (input: DecideInput, deciding: Deciding) {
  const { reason } = input
  const ids = yield* Effect.forEach(input.ids, (id) => CommitId.parse(id, "quarantine list"))
  const problem = problemOf(input)
  if (problem !== undefined) return yield* because(new UsageInvalid({ problem }))
  yield* deciding.confirmed
  const decided = reason === undefined ? decideSome(ids, deciding) : decideAll({ ...input, reason }, deciding)
  yield* decided.pipe(Effect.provide(Device.layerDeciding(input.data)))
})

/** Why it is not clear which commits are meant. */
const problemOf = ({ author, ids, peer, reason }: DecideInput): string | undefined => {
  if (ids.length > 0 === (reason !== undefined)) return "Name the commits by their ids, or all of them by --reason."
  if (reason === undefined && (author !== undefined || peer !== undefined)) {
    return "--author and --peer go with --reason, not with ids."
  }
  if (ids.length > pageEntries) {
    return `${Progress.count(ids.length)} ids are more than ${Progress.count(pageEntries)} at once; use --reason.`
  }
  // A mistyped id would mean no commit at all, and that would look like success.
  if (peer !== undefined && !PeerId.is(peer)) return `--peer ${peer} is no peer id.`
  if (author !== undefined && !PeerId.is(author.split("/")[0])) return `--author ${author} is no peer id.`
  return undefined
}

const decideSome = Effect.fnUntraced(function* (ids: ReadonlyArray<string>, { some }: Deciding) {
  const output = yield* Output
  const desk = yield* QuarantineDesk.QuarantineDesk
  const answers = yield* some(desk)(ids)
  for (const answer of answers) yield* output.line(answer, CommitText.answer(answer))
  const count = (outcome: QuarantineDesk.QuarantineAnswer["outcome"]) =>
    answers.filter((answer) => answer.outcome === outcome).length
  yield* failIfAnyStays({ denied: count("denied"), waiting: count("waiting"), unknown: count("unknown"), more: 0 })
})

const decideAll = Effect.fnUntraced(function* (selection: QuarantineDesk.QuarantineSelection, { all, verb }: Deciding) {
  const output = yield* Output
  const desk = yield* QuarantineDesk.QuarantineDesk
  const sum = yield* all(desk)(selection)
  yield* output.result(sum, `${verb} ${Progress.counted(sum.done, "commit")}.`)
  for (const answer of sum.answers) yield* output.note(CommitText.answer(answer))
  const denied = sum.answers.filter(({ outcome }) => outcome === "denied").length
  const answered = sum.answers.length
  yield* failIfAnyStays({ denied, waiting: answered - denied, unknown: 0, more: sum.stayed - answered })
})

type Stays = Pick<CommitsStay, "denied" | "waiting" | "unknown" | "more">

const failIfAnyStays = (counts: Stays) =>
  counts.denied + counts.waiting + counts.unknown + counts.more === 0 ? Effect.void : because(new CommitsStay(counts))
