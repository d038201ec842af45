import { SealedConformance } from "@syncline/core/testing"
import { Effect, Layer } from "effect"
import { layerJournal, temporaryFolder } from "./temporaryFolder.ts"

SealedConformance.sealedConformance("SqliteJournal", (device, space, held) =>
  Layer.unwrap(Effect.map(temporaryFolder, (folder) => layerJournal(folder, device, space, held)))
)
