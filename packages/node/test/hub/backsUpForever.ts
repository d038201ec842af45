// A process that makes one backup of a folder after another, and says each that is whole, until it is killed.
import { Effect } from "effect"
import * as FolderBackup from "../../src/hub/FolderBackup.ts"

const [, , folder, place] = process.argv
const making = Effect.forever(
  Effect.tap(FolderBackup.make(folder!, place!), ({ id }) => Effect.sync(() => process.send!(id)))
)
process.send!("begun")
await Effect.runPromise(making)
