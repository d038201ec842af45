/**
 * The key of a personal space that people seal by a passphrase: every device is given the same one and makes the same key of
 * it. Whoever keeps the records without it, a rented server say, reads none. Where a charter hands keys out, none is needed.
 */
import { Bytes, type KeyRing, type SpaceId, SpaceKey } from "@syncline/core"
import { Effect, type Redacted } from "effect"
import { DeviceKeyError, PassphraseUnfit } from "./DeviceKeyError.ts"
import * as NodeCrypto from "./NodeCrypto.ts"
import * as PassphraseKey from "./PassphraseKey.ts"

/** The same on every device, and another one for every space. */
const saltOf = (space: SpaceId.SpaceId): Uint8Array =>
  NodeCrypto.functions.sha256(Bytes.utf8(`syncline/space-passphrase/v1\n${space}`)).subarray(0, PassphraseKey.saltBytes)

/**
 * The keys of these passphrases, of which the last one seals; the others are earlier ones, under which records were sealed.
 * Fails with `PassphraseUnfit`. Each takes 64 MiB and a tenth of a second.
 */
export const keysOf = Effect.fnUntraced(function* (
  space: SpaceId.SpaceId,
  passphrases: ReadonlyArray<Redacted.Redacted<string>>
): Effect.fn.Return<KeyRing.HeldKeys | undefined, DeviceKeyError> {
  const keys: Array<Uint8Array> = []
  for (const passphrase of passphrases) {
    const problem = PassphraseKey.problem(passphrase)
    if (problem !== undefined) return yield* new DeviceKeyError({ reason: new PassphraseUnfit({ problem }) })
    keys.push(yield* PassphraseKey.derive(passphrase, saltOf(space)))
  }
  return keys.length === 0 ? undefined : { keys, sealing: SpaceKey.of(space, keys.at(-1)!).id }
})
