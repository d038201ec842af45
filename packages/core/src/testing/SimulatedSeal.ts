/**
 * Sealing files without cryptography, for runs in virtual time that are repeated exactly: a file says for whom it is, and only they
 * open it. It keeps nothing secret; what the real seal promises is tested with it.
 */
import { Effect } from "effect"
import type { FileSealShape } from "../crypto/FileSeal.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as MessagePack from "../model/MessagePack.ts"

/** Seals and opens as a device. */
export const of = (self: PeerId): FileSealShape => ({
  seal: (bytes, readers) => Effect.sync(() => MessagePack.pack([readers, bytes])),
  open: (file) =>
    Effect.sync(() => {
      const unpacked = MessagePack.unpack(file, 2, { nodes: 1_024 })
      if (typeof unpacked === "string" || !Array.isArray(unpacked.value)) return undefined
      const [readers, bytes] = unpacked.value as ReadonlyArray<unknown>
      if (!Array.isArray(readers) || !readers.includes(self)) return undefined
      return bytes instanceof Uint8Array ? Bytes.copy(bytes) : undefined
    })
})
