// A process that makes one account with a way to sign in after another in a folder's hub file, and says each that is kept, until it is killed.
import { Effect } from "effect"
import { HubStore } from "../../src/hub/HubStore.ts"
import * as SqliteHubStore from "../../src/hub/SqliteHubStore.ts"

const [, , folder] = process.argv
const madeMs = 1
const saving = Effect.gen(function* () {
  const store = yield* HubStore
  for (let number = 1; number <= 255; number++) {
    yield* store.change(({ accounts, credentials }) => {
      const id = `a${number}`
      accounts.put({ id, name: id, role: "viewer", member: undefined, isDisabled: false, madeMs })
      credentials.put({ kind: "password", id, account: id, data: "", madeMs, usedMs: undefined, counter: 0 })
    })
    yield* Effect.sync(() => process.send!(number))
    yield* Effect.sleep(1)
  }
})
await Effect.runPromise(Effect.provide(saving, SqliteHubStore.layer(folder!)))
process.disconnect()
