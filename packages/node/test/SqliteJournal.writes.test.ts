import { JournalConformance } from "@syncline/core/testing"
import { Effect, Layer } from "effect"
import { layerJournal, temporaryFolder } from "./temporaryFolder.ts"

JournalConformance.journalWriteConformance("SqliteJournal", (device, space) =>
  Layer.unwrap(Effect.map(temporaryFolder, (folder) => layerJournal(folder, device, space)))
)
