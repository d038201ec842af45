// Every rule of the journal once more, in a space whose contents are sealed.
import { Layer } from "effect"
import * as SpaceKey from "../../src/crypto/SpaceKey.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import { journalConformance } from "../../src/testing/JournalConformance.ts"
import { sealedConformance } from "../../src/testing/SealedConformance.ts"
import * as NodeCrypto from "./nodeCrypto.ts"

const secret = Uint8Array.from({ length: SpaceKey.spaceKeyBytes }, (_, i) => i)

journalConformance("sealed MemoryJournal", (device, space) =>
  MemoryJournal.layer({ space, held: { keys: [secret], sealing: SpaceKey.of(space, secret).id } }).pipe(
    Layer.provideMerge(NodeCrypto.layerDevice(device))
  )
)

sealedConformance("MemoryJournal", (device, of, held) =>
  MemoryJournal.layer({ space: of, held }).pipe(Layer.provideMerge(NodeCrypto.layerDevice(device)))
)
