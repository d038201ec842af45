/**
 * A device's key under a passphrase, as the text of a file. The passphrase becomes a key by argon2id with the second
 * recommended parameters of RFC 9106 (64 MiB, 3 passes, 4 lanes), and that key seals the seed with AES-256-GCM; all of it
 * is node:crypto's. It knows nothing of files, and keeps no passphrase.
 */
import { argon2, createCipheriv, createDecipheriv } from "node:crypto"
import { Effect, Redacted, Result, Schema } from "effect"
import * as NodeCrypto from "./NodeCrypto.ts"

/** Fewer characters are guessed; more than the bound are no passphrase of a person. */
export const passphraseCharsMin = 8
export const passphraseCharsMax = 1024

const kind = "syncline device key"
const cipher = "aes-256-gcm"
const keyBytes = 32
const saltBytes = 16
const nonceBytes = 12
const tagBytes = 16
const usual = { memoryKib: 64 * 1024, passes: 3, lanes: 4 }
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
  salt: bytes(saltBytes),
  nonce: bytes(nonceBytes),
  sealed: bytes(NodeCrypto.seedBytes + tagBytes)
})
type Envelope = typeof Envelope.Type

/** What is wrong with a new passphrase, or nothing. */
export const passphraseProblem = (passphrase: Redacted.Redacted<string>): string | undefined => {
  const { length } = Redacted.value(passphrase)
  if (length < passphraseCharsMin) return `a passphrase has at least ${passphraseCharsMin} characters`
  return length > passphraseCharsMax ? `a passphrase has at most ${passphraseCharsMax} characters` : undefined
}

/** True for what `seal` makes, and for what was damaged in it. */
export const isEnvelope = (file: Uint8Array): boolean => file.length > NodeCrypto.seedBytes && file[0] === 0x7b

/** The text that holds the seed. It takes 64 MiB and about a tenth of a second. */
export const seal = Effect.fnUntraced(function* (
  seed: Redacted.Redacted<Uint8Array>,
  passphrase: Redacted.Redacted<string>
) {
  const [salt, nonce] = [NodeCrypto.functions.randomBytes(saltBytes), NodeCrypto.functions.randomBytes(nonceBytes)]
  const key = yield* keyOf(passphrase, { ...usual, salt })
  const sealing = createCipheriv(cipher, key, nonce).setAAD(Buffer.from(kind))
  const sealed = Buffer.concat([sealing.update(Redacted.value(seed)), sealing.final(), sealing.getAuthTag()])
  const envelope: Envelope = {
    kind,
    version: 1,
    kdf: "argon2id",
    ...usual,
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
  const key = yield* keyOf(passphrase, { ...envelope, salt: Buffer.from(envelope.salt, "hex") })
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

type Cost = Pick<Envelope, "memoryKib" | "passes" | "lanes"> & { readonly salt: Uint8Array }

/** One passphrase is typed in several forms of the same characters. */
const keyOf = (passphrase: Redacted.Redacted<string>, { lanes, memoryKib, passes, salt }: Cost) =>
  Effect.callback<Uint8Array>((resume) => {
    const message = Buffer.from(Redacted.value(passphrase).normalize("NFKC"), "utf8")
    const cost = { parallelism: lanes, memory: memoryKib, passes, tagLength: keyBytes }
    argon2("argon2id", { message, nonce: salt, ...cost }, (error, key) => {
      resume(error === null ? Effect.succeed(new Uint8Array(key)) : Effect.die(error))
    })
  })

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
