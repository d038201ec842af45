// A process that saves one number after another in a folder's mailbox file and says each that was saved, until it is killed.
import { MailboxState } from "@syncline/core"
import { Effect } from "effect"
import * as SqliteMailbox from "../src/SqliteMailbox.ts"

const [, , folder] = process.argv
const saving = Effect.gen(function* () {
  const store = yield* MailboxState.MailboxStore
  for (let number = 1; number <= 255; number++) {
    yield* store.save("here", new Uint8Array([number]))
    yield* Effect.sync(() => process.send!(number))
    yield* Effect.sleep(1)
  }
})
await Effect.runPromise(Effect.provide(saving, SqliteMailbox.layer(folder!)))
process.disconnect()
