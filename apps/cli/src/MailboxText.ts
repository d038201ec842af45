/**
 * What a file of a mailbox holds, as people and programs read it. Much of it comes from other devices, so each line is made plain.
 */
import type { MailboxContents, PeerId } from "@syncline/core"
import * as CommitText from "./CommitText.ts"
import * as PlainText from "./PlainText.ts"
import * as PointInTime from "./PointInTime.ts"
import * as Progress from "./Progress.ts"

export interface Facts {
  readonly file: string
  readonly bytes: number
  /** Whether the content is what the name says; `undefined` for a name that says nothing. */
  readonly isAsNamed: boolean | undefined
  /** Whose directory it lies in, where that is known. */
  readonly owner: PeerId.PeerId | undefined
}

type Holds = MailboxContents.ShownHead | MailboxContents.ShownSegment
type Lines = ReadonlyArray<readonly [string, string]>

export const document = ({ bytes, file, isAsNamed, owner }: Facts, holds: Holds): unknown => {
  const facts = { file, bytes, asNamed: isAsNamed ?? null, owner: owner ?? null, kind: holds.kind }
  return holds.kind === "head" ? { ...facts, ...headDocument(holds) } : { ...facts, ...segmentDocument(holds) }
}

const headDocument = ({ head }: MailboxContents.ShownHead) => ({
  space: head.space,
  author: head.peer,
  counter: head.counter,
  segments: { own: head.streams.own.length, relayed: head.streams.relayed.length },
  charterSegments: head.charter?.segments.length ?? 0,
  readOf: head.acks.length,
  asks: head.asks.length,
  answers: head.answers.length
})

const segmentDocument = ({ commits, records, space, unknown }: MailboxContents.ShownSegment) => ({
  space,
  commits: commits.map(({ author, at, contents, entities, id, isSigned, partition, problem }) => ({
    id,
    author,
    signed: isSigned,
    at,
    type: partition.type,
    header: partition.header,
    contents: contents ?? null,
    entities,
    problem: problem ?? null
  })),
  records: records.map(({ at, id, operations, signer, version }) => ({
    id,
    signer,
    version,
    at,
    operations: operations.map(({ _tag }) => _tag)
  })),
  unknown
})

export const page = ({ bytes, file, isAsNamed, owner }: Facts, holds: Holds): string => {
  const named = isAsNamed === undefined ? "" : isAsNamed ? ", as its name says" : ", which is not what its name says"
  const lines: Lines = [
    ["File", `${file}, ${Progress.counted(bytes, "byte")}${named}`],
    ["Lies with", owner === undefined ? "-" : `the device ${owner}`],
    ...(holds.kind === "head" ? headLines(holds) : segmentLines(holds))
  ]
  const table = lines.map(([name, value]) => PlainText.part(`${`${name}:`.padEnd(11)}${value}`))
  return [
    ...table,
    ...(holds.kind === "head" ? [] : [...holds.commits.flatMap(commitLines), ...recordLines(holds)])
  ].join("\n")
}

const headLines = ({ head }: MailboxContents.ShownHead): Lines => [
  ["Holds", `head ${head.counter} of the device ${head.peer}, signed by it`],
  ["Space", head.space],
  [
    "Names",
    `${Progress.counted(head.streams.own.length, "segment")} of its own, ${Progress.count(head.streams.relayed.length)} passed on, ` +
      `${Progress.count(head.charter?.segments.length ?? 0)} of the charter`
  ],
  [
    "Says",
    `it has read ${Progress.counted(head.acks.length, "device")}, asks ${Progress.count(head.asks.length)} and answers ` +
      Progress.count(head.answers.length)
  ]
]

const segmentLines = ({ commits, records, space, unknown }: MailboxContents.ShownSegment): Lines => {
  const more = unknown === 0 ? "" : `, and ${Progress.count(unknown)} that cannot be read`
  const holds =
    records.length > 0 ? Progress.counted(records.length, "record") : Progress.counted(commits.length, "commit")
  return [
    ["Holds", `${holds}${records.length > 0 ? " of the charter" : ""}${more}`],
    ["Space", space]
  ]
}

const commitLines = (commit: MailboxContents.ShownCommit): ReadonlyArray<string> => {
  const { at, author, entities, id, isSigned, partition, problem } = commit
  const { header, type } = partition
  const where = Object.keys(header).length === 0 ? "" : ` in ${JSON.stringify(header)}`
  const by = isSigned ? `signed by ${author}` : `NOT signed by ${author}, whom it names`
  const first = `${id}  ${PointInTime.print(at)}, ${by}: ${type}${where}${closed(commit)}`
  return [
    PlainText.part(first),
    ...(problem === undefined ? entities.map(CommitText.entityLine) : [PlainText.part(`  ${problem}`)])
  ]
}

const closed = ({ contents }: MailboxContents.ShownCommit): string => {
  switch (contents) {
    case "locked":
      return ", whose values this device has no key for"
    case "newer":
      return ", whose values a later version wrote"
    case "broken":
      return ", whose values nobody can read"
    default:
      return ""
  }
}

const recordLines = ({ records }: MailboxContents.ShownSegment): ReadonlyArray<string> =>
  records.map(({ at, id, operations, signer }) => {
    const does = operations.map(({ _tag }) => _tag).join(", ")
    return PlainText.part(`${id}  ${PointInTime.print(at)}, signed by ${signer}: ${does}`)
  })
