/**
 * The tables of a journal file and the steps from each version to the next. The layout follows the row budget: one row
 * per commit, one per entity with one index, and small tables beside them. It knows nothing of what rows mean.
 */
import type Database from "better-sqlite3"
import { StoreRefusal } from "./SqliteFailure.ts"

/** "SYNL" in ASCII: marks the file as a Syncline journal. */
export const applicationId = 0x53594e4c

// Eight lane sums of a fingerprint, each from 0 to 2^32 - 1.
const lanes = Array.from({ length: 8 }, (_, lane) => `s${lane} INTEGER NOT NULL`).join(", ")

/** Step n leads from version n to n + 1. A step that was released never changes. */
const steps: ReadonlyArray<string> = [
  `
  CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    space TEXT NOT NULL, peer TEXT NOT NULL, incarnation TEXT NOT NULL, last_time TEXT NOT NULL
  ) STRICT;
  CREATE TABLE authors (author INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE partitions (
    part INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, hash BLOB NOT NULL, type TEXT NOT NULL, header TEXT NOT NULL,
    bucketed INTEGER NOT NULL, count INTEGER NOT NULL, ${lanes}
  ) STRICT;
  CREATE TABLE buckets (
    part INTEGER NOT NULL, bucket INTEGER NOT NULL, count INTEGER NOT NULL, ${lanes},
    PRIMARY KEY (part, bucket)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE commits (
    lseq INTEGER PRIMARY KEY, part INTEGER NOT NULL, author INTEGER NOT NULL, source INTEGER NOT NULL,
    events INTEGER NOT NULL, previous BLOB NOT NULL, bytes BLOB NOT NULL
  ) STRICT;
  CREATE TABLE entities (
    eid INTEGER PRIMARY KEY, part INTEGER NOT NULL, key INTEGER NOT NULL, id TEXT NOT NULL, version BLOB NOT NULL,
    lseq INTEGER NOT NULL, is_deleted INTEGER NOT NULL, state BLOB NOT NULL, value TEXT NOT NULL
  ) STRICT;
  CREATE INDEX entities_by_key ON entities (part, key);
  CREATE INDEX entities_deleted ON entities (part) WHERE is_deleted = 1;
  CREATE TABLE peers (
    source INTEGER PRIMARY KEY, peer TEXT NOT NULL UNIQUE, incarnation TEXT NOT NULL,
    cursor INTEGER NOT NULL, acknowledged INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE held (
    held INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, due_ms INTEGER NOT NULL, peer TEXT NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  `,
  // Copies of one device are told apart, and the quarantine says why.
  `
  ALTER TABLE meta ADD COLUMN writing TEXT NOT NULL DEFAULT '';
  ALTER TABLE meta ADD COLUMN place TEXT NOT NULL DEFAULT '';
  UPDATE meta SET writing = incarnation;
  ALTER TABLE peers RENAME TO old_peers;
  CREATE TABLE peers (
    source INTEGER PRIMARY KEY, peer TEXT NOT NULL, incarnation TEXT NOT NULL,
    cursor INTEGER NOT NULL, acknowledged INTEGER NOT NULL, custody INTEGER NOT NULL, UNIQUE (peer, incarnation)
  ) STRICT;
  INSERT INTO peers SELECT source, peer, incarnation, cursor, acknowledged, 0 FROM old_peers;
  DROP TABLE old_peers;
  CREATE TABLE quarantine (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, reason TEXT NOT NULL, rule TEXT NOT NULL,
    policy_version INTEGER NOT NULL, because TEXT NOT NULL, peer TEXT NOT NULL, author TEXT NOT NULL,
    type TEXT NOT NULL, at TEXT NOT NULL, events INTEGER NOT NULL, since_ms INTEGER NOT NULL, due_ms INTEGER,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE INDEX quarantine_by_reason ON quarantine (reason, place);
  INSERT INTO quarantine (id, reason, rule, policy_version, because, peer, author, type, at, events, since_ms, due_ms, bytes)
    SELECT id, 'ClockAhead', '', 0, '', peer, '', '', '0000000000000000', 1, due_ms, due_ms, bytes FROM held ORDER BY held;
  DROP TABLE held;
  CREATE TABLE receipts (
    id TEXT PRIMARY KEY, lseq INTEGER NOT NULL, peer TEXT NOT NULL, code TEXT NOT NULL, kind TEXT NOT NULL,
    rule TEXT NOT NULL, policy_version INTEGER NOT NULL, because TEXT NOT NULL, at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX receipts_by_lseq ON receipts (lseq);
  CREATE INDEX commits_own ON commits (lseq) WHERE source = 0;
  `,
  // What one custodian says of a commit is no longer in the place of what another had said.
  `
  ALTER TABLE receipts RENAME TO old_receipts;
  DROP INDEX receipts_by_lseq;
  CREATE TABLE receipts (
    id TEXT NOT NULL, lseq INTEGER NOT NULL, peer TEXT NOT NULL, code TEXT NOT NULL, kind TEXT NOT NULL,
    rule TEXT NOT NULL, policy_version INTEGER NOT NULL, because TEXT NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (id, peer)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO receipts SELECT id, lseq, peer, code, kind, rule, policy_version, because, at_ms FROM old_receipts;
  DROP TABLE old_receipts;
  CREATE INDEX receipts_by_lseq ON receipts (lseq);
  `,
  // A partition that this device may not have any more is taken out in steps.
  `
  CREATE TABLE purges (part INTEGER PRIMARY KEY, after INTEGER NOT NULL, upto INTEGER NOT NULL) STRICT;
  `,
  // What was taken out may still lie in the log. Earlier versions did not note it, so theirs is emptied once.
  `
  ALTER TABLE meta ADD COLUMN log_due INTEGER NOT NULL DEFAULT 0;
  UPDATE meta SET log_due = 1;
  `,
  // Commits of a sealed space that came before the key that opens them.
  `
  CREATE TABLE locked (lseq INTEGER PRIMARY KEY, key TEXT NOT NULL) STRICT;
  `,
  // Whether anything sealed was ever stored. By its first byte a commit is a list: of 5 values where it is sealed, of 7 as a part.
  `
  ALTER TABLE meta ADD COLUMN has_sealed INTEGER NOT NULL DEFAULT 0;
  UPDATE meta SET has_sealed = 1
    WHERE EXISTS (SELECT 1 FROM commits WHERE substr(bytes, 1, 1) IN (x'95', x'97'))
       OR EXISTS (SELECT 1 FROM locked);
  `,
  // What waits beside the journal counts as well. Whether it was refused at once or taken in before cannot be told here: all of it does.
  `
  UPDATE meta SET has_sealed = 1 WHERE EXISTS (SELECT 1 FROM quarantine WHERE substr(bytes, 1, 1) IN (x'95', x'97'));
  `
]

/** The version that this program writes. */
export const version = steps.length

/** True for a file that nothing was written to yet. */
export const isFresh = (db: Database.Database): boolean =>
  db.pragma("application_id", { simple: true }) === 0 &&
  db.pragma("user_version", { simple: true }) === 0 &&
  db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0

/** Refuses a file that is another program's or a newer version's. A fresh file passes. */
export const assertOurs = (db: Database.Database): void => {
  const id = db.pragma("application_id", { simple: true }) as number
  const found = db.pragma("user_version", { simple: true }) as number
  if (id !== applicationId && !isFresh(db)) throw new StoreRefusal("StoreForeign", "it is not a Syncline journal")
  if (found > version) {
    throw new StoreRefusal("StoreForeign", `it has version ${found}, and this program knows up to ${version}`)
  }
}

/** Refuses a file that has other tables than this version reads; whoever only reads cannot bring them to it. */
export const assertPresent = (db: Database.Database): void => {
  if (isFresh(db)) {
    throw new StoreRefusal(
      "StoreForeign",
      "its journal is empty; one that was copied needs the file ending in -wal, too"
    )
  }
  const found = db.pragma("user_version", { simple: true }) as number
  if (found < version) {
    throw new StoreRefusal("StoreForeign", `its journal has version ${found} until its node starts with this program`)
  }
}

/** Brings the file to the present version, each step in one transaction. */
export const migrate = (db: Database.Database): void => {
  for (;;) {
    const found = db.pragma("user_version", { simple: true }) as number
    const step = steps[found]
    if (step === undefined) return
    db.exec("BEGIN IMMEDIATE")
    try {
      db.exec(step)
      db.pragma(`application_id = ${applicationId}`)
      db.pragma(`user_version = ${found + 1}`)
      db.exec("COMMIT")
    } catch (error) {
      if (db.inTransaction) db.exec("ROLLBACK")
      throw error
    }
  }
}
