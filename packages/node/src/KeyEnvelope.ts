/**
 * A device's key under a passphrase, as the text of a file: a key made of the passphrase (`PassphraseKey`) seals the seed
 * with AES-256-GCM, which is node:crypto's. It knows nothing of files, and keeps no passphrase.
 */
import { createCipheriv, createDecipheriv } from "node:crypto"
import { Effect, Redacted, Result, Schema } from "effect"
import * as NodeCrypto from "./NodeCrypto.ts"
import * as PassphraseKey from "./PassphraseKey.ts"

const kind = "syncline device key"
const cipher = "aes-256-gcm"
const nonceBytes = 12
const tagBytes = 16
/** A file that asks for more was not made here, and would keep the machine busy. */
const most = { memoryKib: 1024 * 1024, passes: 16, lanes: 16 }

const within = (min: number, max: number) =>
  Schema.Int.check(Schema.isGreaterThanOrEqualTo(min), Schema.isLessThanOrEqualTo(max))
const bytes = (length: number) => Schema.String.check(Schema.isPattern(new RegExp(`^[0-9a-f]{${2 * length}}$`)))

const Envelope = Schema.Struct({
  kind: Schema.Literal(kind),
  version: Schema.Literal(1),
  kdf: Schema.Literal("argon2id"),
  memoryKib: within(8 * most.lanes, most.memoryKib),
  passes: within(1, most.passes),
  lanes: within(1, most.lanes),
  salt: bytes(PassphraseKey.saltBytes),
  nonce: bytes(nonceBytes),
  sealed: bytes(NodeCrypto.seedBytes + tagBytes)
})
type Envelope = typeof Envelope.Type

/** True for what `seal` makes, and for what was damaged in it. */
export const isEnvelope = (file: Uint8Array): boolean => file.length > NodeCrypto.seedBytes && file[0] === 0x7b

/** The text that holds the seed. It takes 64 MiB and about a tenth of a second. */
export const seal = Effect.fnUntraced(function* (
  seed: Redacted.Redacted<Uint8Array>,
  passphrase: Redacted.Redacted<string>
) {
  const [salt, nonce] = [
    NodeCrypto.functions.randomBytes(PassphraseKey.saltBytes),
    NodeCrypto.functions.randomBytes(nonceBytes)
  ]
  const key = yield* PassphraseKey.derive(passphrase, salt)
  const sealing = createCipheriv(cipher, key, nonce).setAAD(Buffer.from(kind))
  const sealed = Buffer.concat([sealing.update(Redacted.value(seed)), sealing.final(), sealing.getAuthTag()])
  const envelope: Envelope = {
    kind,
    version: 1,
    kdf: "argon2id",
    ...PassphraseKey.usual,
    salt: hex(salt),
    nonce: hex(nonce),
    sealed: hex(sealed)
  }
  return `${JSON.stringify(envelope, undefined, 2)}\n`
})

export type Opened = { readonly seed: Redacted.Redacted<Uint8Array> } | "wrong" | "damaged"

/** The seed, or whether the passphrase is wrong or the text none that `seal` made. */
export const open = Effect.fnUntraced(function* (file: Uint8Array, passphrase: Redacted.Redacted<string>) {
  const envelope = read(file)
  if (envelope === undefined) return "damaged" satisfies Opened
  const key = yield* PassphraseKey.derive(passphrase, Buffer.from(envelope.salt, "hex"), envelope)
  const seed = unseal(envelope, key)
  if (seed === undefined) return "wrong" satisfies Opened
  return { seed: Redacted.make(seed, { label: "device seed" }) } satisfies Opened
})

const read = (file: Uint8Array): Envelope | undefined => {
  try {
    const decoded = Schema.decodeUnknownResult(Envelope)(JSON.parse(Buffer.from(file).toString("utf8")))
    return Result.isSuccess(decoded) ? decoded.success : undefined
  } catch {
    return undefined
  }
}

const unseal = ({ nonce, sealed }: Envelope, key: Uint8Array): Uint8Array | undefined => {
  const all = Buffer.from(sealed, "hex")
  const opening = createDecipheriv(cipher, key, Buffer.from(nonce, "hex"), { authTagLength: tagBytes })
  opening.setAAD(Buffer.from(kind)).setAuthTag(all.subarray(NodeCrypto.seedBytes))
  try {
    return new Uint8Array(Buffer.concat([opening.update(all.subarray(0, NodeCrypto.seedBytes)), opening.final()]))
  } catch {
    return undefined
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
