// A process that restores a backup into a folder in the place of what is there, again and again, until it is killed.
import { Effect } from "effect"
import * as FolderRestore from "../../src/hub/FolderRestore.ts"

const [, , backup, folder] = process.argv
const restoring = Effect.forever(FolderRestore.restore(backup!, folder!, { isDryRun: false, isReplacing: true }))
process.send!("begun")
await Effect.runPromise(restoring)
