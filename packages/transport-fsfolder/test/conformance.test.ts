import { MailboxConformance } from "@syncline/core/testing"
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { folder } from "../src/FsFolder.ts"
import { temporaryFolder } from "./folders.ts"

MailboxConformance.mailboxConformance(
  "folder",
  Effect.map(temporaryFolder, (path) => ({
    open: folder({ path }).open,
    plant: ({ owner, space }, name, bytes) =>
      Effect.sync(() => {
        const directory = join(path, "syncline-1", space, owner)
        mkdirSync(directory, { recursive: true })
        writeFileSync(join(directory, name), bytes)
      }),
    seenMsMax: 2_000
  }))
)
