import { Effect } from "effect"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import { mailboxConformance } from "../../src/testing/MailboxConformance.ts"

mailboxConformance(
  "MemoryMailbox",
  Effect.gen(function* () {
    const folder = yield* MemoryMailbox.makeFolder
    const { open } = MemoryMailbox.make(folder)
    return {
      open,
      plant: ({ owner, space }, name, bytes) =>
        Effect.sync(() => {
          const path = `${space}/${owner}`
          const files = folder.directories.get(path) ?? new Map<string, Uint8Array>()
          folder.directories.set(path, files)
          files.set(name, bytes)
        }),
      seenMsMax: 1_000
    }
  })
)
