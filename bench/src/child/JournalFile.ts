/**
 * What a journal's file says about its commits, read beside the device that writes it: the size of what was made,
 * which no interface of a node tells; and cursors made useless. Only the benchmarks look into the file.
 */
import { Commit } from "@syncline/core"
import { DataFolder } from "@syncline/node"
import Database from "better-sqlite3"

const read = <A>(folder: string, sql: string, ...parameters: ReadonlyArray<number>): A => {
  const db = new Database(DataFolder.journalFile(folder), { readonly: true })
  try {
    return db.prepare(sql).get(...parameters) as A
  } finally {
    db.close()
  }
}

/** Arrival number of the newest commit. */
export const head = (folder: string): number =>
  read<{ readonly head: number }>(folder, "SELECT coalesce(max(lseq), 0) AS head FROM commits").head

export interface CommitsMade {
  readonly commits: number
  /** Of the signed commits as they are stored and sent. */
  readonly bytes: number
  /** Of the same before compression: headers, signatures and events. */
  readonly plainBytes: number
}

/** Commits after an arrival number. */
export const commitsAfter = (folder: string, lseq: number): CommitsMade => {
  const db = new Database(DataFolder.journalFile(folder), { readonly: true })
  try {
    const rows = db.prepare("SELECT bytes FROM commits WHERE lseq > ?").pluck().all(lseq) as ReadonlyArray<Uint8Array>
    const sizes = rows.map((bytes) => {
      const commit = Commit.open(bytes)
      if (typeof commit === "string") throw new Error(commit)
      return commit.headerBytes.length + commit.signature.length + commit.header.size
    })
    const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0)
    return { commits: rows.length, bytes: sum(rows.map(({ length }) => length)), plainBytes: sum(sizes) }
  } finally {
    db.close()
  }
}

/**
 * Makes a closed journal forget how far it has followed its peers, as if each of them had a new incarnation since: what
 * differs can then only be found by comparing.
 */
export const forgetCursors = (folder: string): void => {
  const db = new Database(DataFolder.journalFile(folder))
  try {
    db.exec("UPDATE peers SET incarnation = printf('%016x', source), cursor = 0")
  } finally {
    db.close()
  }
}
