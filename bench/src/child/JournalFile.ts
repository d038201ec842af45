/**
 * What a journal's file says about its commits, read beside the device that writes it: the size of what was made,
 * which no interface of a node tells. Only the benchmarks look into the file.
 */
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

/** Commits after an arrival number and their bytes. */
export const commitsAfter = (folder: string, lseq: number): { readonly commits: number; readonly bytes: number } =>
  read(folder, "SELECT count(*) AS commits, coalesce(sum(length(bytes)), 0) AS bytes FROM commits WHERE lseq > ?", lseq)
