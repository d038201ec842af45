/**
 * What was said about one disk before its power was cut, held against what is found on it afterwards. Acknowledged or
 * published commits must be there under their arrival numbers, and no number may come to mean anything else. It is
 * pure: others read the reports and the disk.
 */
import { type CommitReading, read } from "./CommitReading.ts"
import type { PeerCursor, Report } from "./Report.ts"

export interface FoundNote {
  readonly number: number
  /** The transaction that wrote it and how many notes that wrote, when there were several. */
  readonly batch: string | undefined
  readonly size: number | undefined
}

/** What a journal holds. */
export interface Found {
  readonly author: string
  readonly head: number
  readonly commits: ReadonlyArray<CommitReading>
  readonly notes: ReadonlyMap<string, FoundNote>
  /** Where the journal stands in a peer's feed; 0 for another incarnation. */
  readonly cursorOf: (peer: PeerCursor) => number
}

export interface Finding {
  /** Acknowledged or published commits that are gone. */
  readonly lost: number
  /** Arrival numbers and event numbers with a second meaning. */
  readonly reused: number
  /** What is wrong, a sentence each; more than the two numbers count. */
  readonly problems: ReadonlyArray<string>
}

interface Offer {
  readonly cursor: PeerCursor
  readonly commits: ReadonlyArray<string>
}

export class Ledger {
  #author: string | undefined
  #acknowledged = new Set<string>()
  #published = new Set<string>()
  /** What each arrival number was said to be. */
  #numbers = new Map<number, string>()
  /** The hash of each published event by author, entity and number. */
  #events = new Map<string, string>()
  #notes = new Map<string, number>()
  #offers: Array<Offer> = []
  #cursors = new Map<string, PeerCursor>()

  /** What was said so far, to which another future may be added. */
  fork(): Ledger {
    const copy = new Ledger()
    copy.#author = this.#author
    copy.#acknowledged = new Set(this.#acknowledged)
    copy.#published = new Set(this.#published)
    copy.#numbers = new Map(this.#numbers)
    copy.#events = new Map(this.#events)
    copy.#notes = new Map(this.#notes)
    copy.#offers = [...this.#offers]
    copy.#cursors = new Map(this.#cursors)
    return copy
  }

  /** Distinct commits that were acknowledged to their writer or, coming from a peer, to that peer. */
  get acknowledged(): number {
    return this.#acknowledged.size
  }

  /** Peers whose commits were received. */
  get peers(): ReadonlyArray<string> {
    return [...new Set(this.#offers.map(({ cursor }) => cursor.peer))]
  }

  note(report: Report): void {
    switch (report.kind) {
      case "open":
        this.#author ??= report.author
        return
      case "offered":
        this.#offers.push(report)
        return
      case "acknowledged":
        for (const [lseq, commit] of report.commits) {
          this.#acknowledged.add(commit)
          this.#numbers.set(lseq, commit)
        }
        for (const [id, number] of report.notes) this.#notes.set(id, Math.max(number, this.#notes.get(id) ?? 0))
        if (report.cursor !== undefined) this.#cursors.set(report.cursor.peer, report.cursor)
        return
      case "published":
        for (const [lseq, bytes] of report.commits) this.#publish(lseq, Buffer.from(bytes, "base64"))
        return
      case "starting":
      case "closed":
        return
    }
  }

  #publish(lseq: number, bytes: Uint8Array): void {
    const { events, id } = read(lseq, bytes)
    this.#published.add(id)
    this.#numbers.set(lseq, id)
    for (const [key, hash] of events) this.#events.set(key, hash)
  }

  /** Holds everything that was said against what is there. */
  compare(found: Found): Finding {
    const there = new Set(found.commits.map(({ id }) => id))
    const isGone = (commit: string): boolean => !there.has(commit)
    const acknowledged = [...this.#acknowledged].filter(isGone)
    const published = [...this.#published].filter((commit) => isGone(commit) && !this.#acknowledged.has(commit))
    const reuse = this.reused(found.commits)
    const problems = [
      ...acknowledged.map((commit) => `the acknowledged commit ${commit} is gone`),
      ...published.map((commit) => `the published commit ${commit} is gone`),
      ...reuse,
      ...this.#identityProblems(found),
      ...this.#noteProblems(found),
      ...this.#peerProblems(found, there)
    ]
    return { lost: acknowledged.length + published.length, reused: reuse.length, problems }
  }

  /** A sentence for each number of these commits that was said to mean something else. */
  reused(commits: ReadonlyArray<CommitReading>): ReadonlyArray<string> {
    const problems: Array<string> = []
    for (const { events, id, lseq } of commits) {
      const said = this.#numbers.get(lseq)
      if (said !== undefined && said !== id) problems.push(`the arrival number ${lseq} was ${said} and is ${id}`)
      for (const [key, hash] of events) {
        const known = this.#events.get(key)
        if (known !== undefined && known !== hash) problems.push(`the event ${key} was ${known} and is ${hash}`)
      }
    }
    return problems
  }

  #identityProblems({ author, commits, head }: Found): Array<string> {
    const problems: Array<string> = []
    if (this.#author !== undefined && author !== this.#author) {
      problems.push(`the author was ${this.#author} and is ${author}`)
    }
    // A hole would be filled with nothing a peer's cursor could ever bring.
    const hole = commits.findIndex(({ lseq }, index) => lseq !== index + 1)
    if (hole >= 0 || commits.length !== head) problems.push(`${commits.length} commits stand under head ${head}`)
    return problems
  }

  #noteProblems({ notes }: Found): Array<string> {
    const problems: Array<string> = []
    for (const [id, number] of this.#notes) {
      const held = notes.get(id)
      // A later change may have become durable without being acknowledged.
      if (held === undefined || held.number < number) {
        problems.push(`the note ${id} holds ${held?.number ?? "nothing"} instead of ${number}`)
      }
    }
    const batches = new Map<string, { size: number; there: number }>()
    for (const { batch, size } of notes.values()) {
      if (batch === undefined || size === undefined) continue
      const tally = batches.get(batch) ?? { size, there: 0 }
      tally.there++
      batches.set(batch, tally)
    }
    for (const [batch, { size, there }] of batches) {
      if (there !== size) problems.push(`of the ${size} notes of the transaction ${batch} ${there} are there`)
    }
    return problems
  }

  #peerProblems({ cursorOf }: Found, there: ReadonlySet<string>): Array<string> {
    const problems: Array<string> = []
    for (const cursor of this.#cursors.values()) {
      const stands = cursorOf(cursor)
      if (stands < cursor.upto) problems.push(`the cursor of ${cursor.peer} is ${stands} instead of ${cursor.upto}`)
    }
    for (const { commits, cursor } of this.#offers) {
      const arrived = commits.filter((commit) => there.has(commit)).length
      const isIn = cursorOf(cursor) >= cursor.upto
      if (arrived !== (isIn ? commits.length : 0)) {
        problems.push(
          `${arrived} of ${commits.length} commits are there of a batch ${isIn ? "before" : "after"} a cursor`
        )
      }
    }
    return problems
  }
}
