/**
 * Preloaded into the rig's writer, and so into its journal's thread, to prove that the rig sees lost writes: it turns
 * the flushing of the writing connection off behind the journal's back, after the journal has checked it. Nothing in
 * the package can do this.
 */
import Database from "better-sqlite3"

/** What the journal prepares first on its writing connection, and on no other. */
const firstStatement = "BEGIN IMMEDIATE"

type Prepare = (this: Database.Database, source: string) => Database.Statement

const prototype = Database.prototype as { prepare: Prepare }
const prepare: Prepare = Reflect.get(prototype, "prepare") as Prepare

prototype.prepare = function (source) {
  if (source === firstStatement) {
    this.pragma("synchronous = OFF")
    if (this.pragma("synchronous", { simple: true }) !== 0) throw new Error("synchronous could not be turned off")
  }
  return prepare.call(this, source)
}
