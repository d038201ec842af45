/**
 * What becomes of a disk after the power is back: the real journal opens its folder, tells what it holds, is held
 * against what was said before the cut, and writes on. It mounts nothing.
 */
import type { Journal, JournalTables, PeerId } from "@syncline/core"
import Database from "better-sqlite3"
import { Effect } from "effect"
import * as DataFolder from "../../src/DataFolder.ts"
import * as DeviceKeyFile from "../../src/DeviceKeyFile.ts"
import * as SqliteJournal from "../../src/SqliteJournal.ts"
import { space } from "../temporaryFolder.ts"
import { type CommitReading, read } from "./CommitReading.ts"
import type { Finding, FoundNote, Ledger } from "./Ledger.ts"
import type { PeerCursor, Report } from "./Report.ts"
import * as Workload from "./Workload.ts"

const recoveryMsMax = 60_000
const pageBytes = 1024 * 1024
const pageRows = 1000
const nobody = "nobody" as PeerId.PeerId

/** Opens the journal of a folder, compares, writes on and closes it. Whatever fails on the way is a problem too. */
export const examine = (folder: string, ledger: Ledger, options: { seed: number; life: number }): Promise<Finding> =>
  Effect.runPromise(
    recover(folder, ledger, options).pipe(
      Effect.timeout(recoveryMsMax),
      Effect.catch((error) => Effect.succeed(failed(ledger, `the journal failed: ${String(error)}`))),
      Effect.catchDefect((defect) => Effect.succeed(failed(ledger, `the journal broke: ${String(defect)}`)))
    )
  )

const failed = (ledger: Ledger, problem: string): Finding => ({
  lost: ledger.acknowledged,
  reused: 0,
  problems: [problem]
})

const recover = Effect.fnUntraced(
  function* (folder: string, ledger: Ledger, options: { seed: number; life: number }) {
    const journal = yield* SqliteJournal.make({ folder, space })
    const damages = integrityProblems(DataFolder.journalFile(folder))
    const head = yield* journal.head
    const found = ledger.compare({
      author: journal.info.author,
      head,
      commits: yield* commitsAfter(journal, 0),
      notes: yield* notesOf(journal),
      cursorOf: yield* cursorsOf(journal, ledger.peers)
    })
    const reports: Array<Report> = []
    const report = (line: Report) => void reports.push(line)
    yield* Workload.writeOnce(journal, { ...options, hasPeer: false, report })
    // Before the new writes are noted: what they mean now must not contradict what was said then.
    const reused = ledger.reused(yield* commitsAfter(journal, head))
    for (const line of [{ kind: "open", author: journal.info.author } as const, ...reports]) ledger.note(line)
    const problems = [...damages, ...found.problems, ...reused]
    return { lost: found.lost, reused: found.reused + reused.length, problems } satisfies Finding
  },
  (effect, folder) => effect.pipe(Effect.provide(DeviceKeyFile.layer(folder)), Effect.scoped)
)

/** Both checks that SQLite offers: of the file's structure, and of its indexes against their tables. */
const integrityProblems = (file: string): ReadonlyArray<string> => {
  const db = new Database(file, { readonly: true })
  try {
    return ["quick_check", "integrity_check"].flatMap((check) => {
      const answer = db.pragma(check, { simple: true })
      return answer === "ok" ? [] : [`${check} says: ${String(answer)}`]
    })
  } finally {
    db.close()
  }
}

const commitsAfter = Effect.fnUntraced(function* (journal: Journal.JournalShape, after: number) {
  const commits: Array<CommitReading> = []
  for (let upto = after; ;) {
    const page = yield* journal.feed(upto, nobody, pageBytes)
    for (const { bytes, lseq } of page.commits) commits.push(read(lseq, bytes))
    if (page.isEnd) return commits
    upto = page.upto
  }
})

const notesOf = Effect.fnUntraced(function* (journal: Journal.JournalShape) {
  const notes = new Map<string, FoundNote>()
  let after: Parameters<typeof journal.scan>[0]
  for (;;) {
    const page = yield* journal.scan(after, pageRows)
    for (const { fields, id } of page) notes.set(id, fields as unknown as FoundNote)
    if (page.length < pageRows) return notes
    after = page[page.length - 1]!
  }
})

const cursorsOf = Effect.fnUntraced(function* (journal: Journal.JournalShape, peers: ReadonlyArray<string>) {
  const rows = new Map<string, JournalTables.PeerRow | undefined>()
  for (const peer of peers) rows.set(peer, yield* journal.peer(peer as PeerId.PeerId))
  return ({ incarnation, peer }: PeerCursor): number => {
    const row = rows.get(peer)
    return row?.incarnation === incarnation ? row.cursor : 0
  }
})
