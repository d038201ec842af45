/**
 * A look at the newest commits of a journal, whether it has the keys that they are sealed with: a passphrase that was mistyped
 * makes a key like any other, and shows only in that it is the key of nothing. It opens no contents.
 */
import type { KeyFinder } from "../crypto/KeyRing.ts"
import * as Commit from "../model/Commit.ts"
import type { JournalRows } from "./JournalTables.ts"

/**
 * `held`: something is sealed with a key that is here. `lacking`: all that is sealed is so with others. `none`: nothing is
 * sealed.
 */
export type SealLook = "held" | "lacking" | "none"

/** Commits that are looked at, the newest first. What lies further back counts as if it were not there. */
export const commitsMax = 10_000

/** With a key that fits it ends at the newest sealed commit. */
export const at = (rows: Pick<JournalRows, "commitAt" | "head">, keys: KeyFinder): SealLook => {
  const newest = rows.head()
  let found: SealLook = "none"
  for (let lseq = newest; lseq > Math.max(0, newest - commitsMax); lseq--) {
    const row = rows.commitAt(lseq)
    const packed = row === undefined || row.events === 0 ? "" : Commit.open(row.bytes)
    const key = typeof packed === "string" ? undefined : packed.header.seal?.key
    if (key === undefined) continue
    if (keys.find(key) !== undefined) return "held"
    found = "lacking"
  }
  return found
}
