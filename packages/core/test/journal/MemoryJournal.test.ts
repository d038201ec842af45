import { Layer } from "effect"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import { journalConformance } from "../../src/testing/JournalConformance.ts"
import * as NodeCrypto from "./nodeCrypto.ts"

journalConformance("MemoryJournal", (device, space) =>
  MemoryJournal.layer({ space }).pipe(Layer.provideMerge(NodeCrypto.layerDevice(device)))
)
