/**
 * Commits in quarantine and receipts as people read them: a line each, or a page with everything that a commit would do.
 * Programs read the objects themselves. Much of it comes from devices that nobody trusts, so each line is made plain.
 */
import type { CommitContents, Quarantine, QuarantineDesk, Receipt } from "@syncline/core"
import * as FieldText from "./FieldText.ts"
import * as PlainText from "./PlainText.ts"
import * as PointInTime from "./PointInTime.ts"
import * as Progress from "./Progress.ts"

/** One entry of a list; the id comes first, so that a script can cut it out. */
export const line = (entry: Quarantine.QuarantineEntry): string => {
  const what = entry.type === "" ? "of a later version" : `${entry.type}, ${Progress.counted(entry.events, "change")}`
  const from = entry.reason === "Rejected" ? "refused by" : "from"
  const since = PointInTime.printMs(entry.sinceMs)
  return PlainText.part(
    `${entry.id}  ${entry.reason.padEnd(13)}  ${what}, since ${since}, ${from} ${entry.peer}${tail(entry)}`
  )
}

const tail = ({ because }: Quarantine.Because): string => (because === "" ? "" : `: ${because}`)

/** Everything about one entry. */
export const page = (shown: QuarantineDesk.QuarantineShown): string => {
  const { author, contents, dueMs, id, peer, problem, reason, rule, sinceMs, size } = shown
  const due = dueMs === null ? "" : `, due ${PointInTime.printMs(dueMs)}`
  const lines: Array<readonly [string, string]> = [
    ["Commit", id],
    ["Waits", `${reason}, since ${PointInTime.printMs(sinceMs)}${due}`],
    ["Because", shown.because === "" ? "-" : shown.because]
  ]
  if (rule !== "") lines.push(["Rule", `${rule}, policy version ${shown.policyVersion}`])
  if (author !== "") lines.push(["Author", author])
  lines.push([reason === "Rejected" ? "Refused by" : "Brought by", peer], ["Size", `${Progress.count(size)} bytes`])
  if (contents !== null) lines.push(["Written", PointInTime.print(contents.at)])
  const table = lines.map(([name, value]) => PlainText.part(`${`${name}:`.padEnd(12)}${value}`))
  if (contents === null) return [...table, `It cannot be shown: ${problem ?? ""}.`].join("\n")
  const { entities, partition } = contents
  const { header, type } = partition
  const where = Object.keys(header).length === 0 ? "" : ` in ${JSON.stringify(header)}`
  return [...table, `It would, in ${type}${where}:`, ...entities.map(entityLine)].join("\n")
}

const verbs = { changed: "change", deleted: "delete", revived: "revive" } as const

/** What a commit does to one record. */
export const entityLine = ({ changes, id, kind }: CommitContents.EntityWrite): string =>
  PlainText.part(`  ${verbs[kind]} ${id}${changes.length === 0 ? "" : `: ${changes.map(FieldText.write).join("; ")}`}`)

/** What became of one commit. */
export const answer = ({ because, id, outcome, policyVersion, rule }: QuarantineDesk.QuarantineAnswer): string =>
  PlainText.part(`${id}  ${outcome}: ${because}${rule === "" ? "" : ` (${rule}, policy version ${policyVersion})`}`)

export const receipt = (each: Receipt.Receipt): string => {
  const { atMs, code, commit, peer, policyVersion, rule, status } = each
  const by = peer === null ? "" : `, by ${peer}`
  const at = atMs === null ? "" : `, ${PointInTime.printMs(atMs)}`
  const why = rule === "" ? code : `${code}, ${rule}, policy version ${policyVersion}`
  const what = `${commit}  ${status.padEnd(8)}  ${each.lseq}${by}${at}`
  return PlainText.part(`${what}${why === "" ? "" : ` (${why})`}${tail(each)}`)
}
