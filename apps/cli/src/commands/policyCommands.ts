/**
 * `syncline acl …`: the desk of the team's hub that runs on the folder, at a terminal. A draft is read and tested here,
 * before a hub is asked; what it would change on real records, and whether it comes into force, is the hub's.
 */
import { readFileSync, statSync } from "node:fs"
import { AdminPolicy, AdminTeam } from "@syncline/core/admin"
import { PolicyDesk, PolicyDocument } from "@syncline/policy"
import { Effect, Option } from "effect"
import { ActionDenied, because, CliError, InputUnreadable, PolicyInvalid } from "../CliError.ts"
import * as FieldCondition from "../FieldCondition.ts"
import * as FolderDesk from "../FolderDesk.ts"
import { command } from "../Invocation.ts"
import * as LocalDoor from "../LocalDoor.ts"
import { Output } from "../Output.ts"
import * as PlainText from "../PlainText.ts"
import * as PolicyText from "../PolicyText.ts"
import * as Progress from "../Progress.ts"
import * as Team from "../Team.ts"

/** Versions that a list has. */
const versionsMax = 100
/** A policy has at most 128 KiB; what is much larger is another file. */
const fileBytesMax = 1024 * 1024

interface On {
  readonly data: string
}
interface Draft extends On {
  readonly file: string
}
interface Noted {
  /** Why, for the charter. */
  readonly note: string | undefined
}

const versionsOf = (data: string) =>
  FolderDesk.ask(data, { path: "policy/versions", answer: AdminPolicy.Versions }, ({ charter }) =>
    Effect.sync(() => ({ versions: PolicyDesk.versions(charter, versionsMax) }))
  )

const noPolicy = "No policy was put in force yet; the built-in roles decide."

export const show = Effect.fnUntraced(function* ({ data }: On) {
  const output = yield* Output
  const [newest] = (yield* versionsOf(data)).versions
  if (newest === undefined || newest.text === null) {
    if (output.isJson) yield* output.result(newest ?? { version: null, text: null }, "")
    return yield* output.note(newest === undefined ? noPolicy : PolicyText.ended(newest.version))
  }
  yield* output.verbatim(newest, newest.text)
  yield* output.note(`In force since version ${newest.version} of the charter.`)
})

export const versions = Effect.fnUntraced(function* ({ data }: On) {
  const output = yield* Output
  const found = (yield* versionsOf(data)).versions
  for (const [i, each] of found.entries()) {
    yield* output.line({ ...each, isInForce: i === 0 }, PolicyText.version(each, i === 0))
  }
  yield* output.note(found.length === 0 ? noPolicy : `Go back to one with: ${command("acl rollback <version>")}`)
})

export interface ExplainInput extends On {
  readonly asker: string
  readonly action: PolicyDocument.Action
  readonly type: string
  readonly id: string | undefined
  readonly header: ReadonlyArray<string>
  readonly field: string | undefined
  readonly draft: string | undefined
}

export const explain = Effect.fnUntraced(function* ({ data, draft: file, header, ...question }: ExplainInput) {
  const output = yield* Output
  const draft = file === undefined ? {} : { draft: yield* draftOf(file) }
  const values = yield* Effect.forEach(header, (each) => FieldCondition.parse("--header", each))
  const body = { ...question, ...draft, ...(values.length === 0 ? {} : { header: Object.fromEntries(values) }) }
  const found = yield* FolderDesk.ask(
    data,
    { path: "policy/explain", answer: AdminPolicy.Explanation, body },
    ({ charter, records }) => PolicyDesk.explain(charter, records, body)
  )
  yield* output.result(found, found.lines.map(PlainText.part).join("\n"))
  const { asker, action, type } = question
  if (!found.decision.allowed)
    return yield* because(new ActionDenied({ asker, action, type, rule: PlainText.part(found.decision.rule) }))
})

/** Needs no hub. Where the folder knows a charter, names are held against it. */
export const test = Effect.fnUntraced(function* ({ data, file }: Draft) {
  const output = yield* Output
  const text = yield* textOf(file)
  const problems = PolicyDesk.problems(text)
  if (problems.length === 0) {
    const warnings = yield* warningsOf(data, text)
    return yield* output.result({ file, problems, warnings }, PolicyText.tested(file, warnings))
  }
  yield* output.result({ file, problems, warnings: [] }, PolicyText.sentences(problems))
  return yield* because(new PolicyInvalid({ file, problem: Progress.counted(problems.length, "problem") }))
})

/** Nothing where nobody knows a charter: a policy may be written before there is a team. */
const warningsOf = (data: string, text: string) =>
  FolderDesk.ask(data, { path: "policy/test", answer: AdminPolicy.Tested, body: { text } }, ({ charter }) =>
    Effect.sync(() => ({ problems: [], warnings: PolicyDesk.warnings(charter, text) }))
  ).pipe(
    Effect.map(({ warnings }) => warnings),
    Effect.catchIf(
      ({ reason }) => reason._tag === "DoorClosed",
      () => Effect.succeed<ReadonlyArray<string>>([])
    )
  )

export const simulate = Effect.fnUntraced(function* ({ data, file }: On & { readonly file: string | undefined }) {
  const output = yield* Output
  const body: { readonly text?: string } = file === undefined ? {} : { text: yield* draftOf(file) }
  const found = yield* FolderDesk.ask(
    data,
    { path: "policy/simulate", answer: AdminPolicy.Reaches, body },
    ({ charter, records }) => Effect.map(PolicyDesk.simulate(charter, records, body.text), (reach) => ({ reach }))
  )
  yield* output.result(found, PolicyText.reach(yield* Team.ask(data), found.reach))
})

export const diff = Effect.fnUntraced(function* ({ data, file }: Draft) {
  const output = yield* Output
  const { found, team } = yield* compare(data, yield* draftOf(file))
  yield* output.result(found, PolicyText.warned(found.warnings, PolicyText.impacts(team, found.impacts)))
  const { version } = found
  yield* output.note(
    `Compared with version ${version} of the charter; ${command(`acl apply --expect ${version}`)} takes no other.`
  )
})

/** What is to be put in force, e.g. to stop somebody, waits for what it changes no longer than this. */
const previewMsMax = 10_000

export interface ApplyInput extends Draft, Noted {
  /** The version of the charter that it is for; the one of the comparison when it is left out. */
  readonly expect: number | undefined
  /** It is not compared. */
  readonly noDiff: boolean
}

export const apply = Effect.fnUntraced(function* ({ data, expect, file, noDiff, note }: ApplyInput) {
  const output = yield* Output
  const text = yield* draftOf(file)
  const found = noDiff ? undefined : yield* previewOf(data, text)
  const compared = found === undefined ? {} : { expectedVersion: found.version, expectedDigest: found.digest }
  const expected = expect === undefined ? compared : { expectedVersion: expect }
  const body = { text, ...expected, ...noteOf(note) }
  const { version } = yield* LocalDoor.ask(data, { path: "policy/apply", answer: AdminTeam.Written, body })
  const told = found ?? { impacts: null }
  yield* output.result({ ...told, version }, `${file} is in force: version ${version} of the charter.`)
})

/** Says what it changes; nothing where the hub cannot say it in time, which is said, too. */
const previewOf = Effect.fnUntraced(function* (data: string, text: string) {
  const output = yield* Output
  const compared = yield* compare(data, text).pipe(
    Effect.timeoutOption(previewMsMax),
    Effect.catchIf(isOverdue, () => Effect.succeedNone)
  )
  if (Option.isNone(compared)) {
    yield* output.note("The hub could not say in time what it changes, so it is put in force without a comparison.")
    return undefined
  }
  const { found, team } = compared.value
  yield* output.note(PolicyText.summary(team, found.impacts))
  return found
})

/** The hub gave up or cannot compare now; not that it refuses the policy, or that none runs. */
const isOverdue = (error: object): boolean =>
  error instanceof CliError &&
  (error.reason._tag === "NotConnected" || (error.reason._tag === "HubRefused" && error.reason.status >= 500))

export interface RollbackInput extends On, Noted {
  readonly version: number
}

export const rollback = Effect.fnUntraced(function* ({ data, note, version: back }: RollbackInput) {
  const output = yield* Output
  const body = { version: back, ...noteOf(note) }
  const went = yield* LocalDoor.ask(data, { path: "policy/rollback", answer: AdminPolicy.WentBack, body })
  const what =
    went.policyVersion === null ? "The built-in roles decide again" : `The policy of version ${back} is in force again`
  // What it was in force with may be gone; then rules for that are for nobody.
  yield* output.result(went, PolicyText.warned(went.warnings, `${what}: version ${went.version} of the charter.`))
})

const noteOf = (note: string | undefined) => (note === undefined ? {} : { note })

const compare = Effect.fnUntraced(function* (data: string, text: string) {
  const found = yield* FolderDesk.ask(
    data,
    { path: "policy/diff", answer: AdminPolicy.Impacts, body: { text } },
    ({ charter, records }) => PolicyDesk.compare(charter, records, text)
  )
  return { found, team: yield* Team.ask(data) }
})

/** The text of a draft that passes its own tests. */
const draftOf = Effect.fnUntraced(function* (file: string) {
  const text = yield* textOf(file)
  const problems = PolicyDesk.problems(text)
  if (problems.length === 0) return text
  return yield* because(new PolicyInvalid({ file, problem: problems.join("; ") }))
})

const textOf = (file: string) =>
  Effect.try({
    try: () => {
      if (statSync(file).size > fileBytesMax) throw new Error(`it has more than ${fileBytesMax} bytes`)
      return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file))
    },
    catch: (error) => {
      const { code, message } = error as NodeJS.ErrnoException
      const problem = code === "ENOENT" ? "there is no such file" : message
      return because(new InputUnreadable({ file, problem }))
    }
  })
