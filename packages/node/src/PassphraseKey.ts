/**
 * From a passphrase to a key of 32 bytes: argon2id with the second recommended parameters of RFC 9106 (64 MiB, 3 passes, 4
 * lanes), which is node:crypto's. It takes about a tenth of a second and keeps no passphrase.
 */
import { argon2 } from "node:crypto"
import { Effect, Redacted } from "effect"

/** Fewer characters are guessed; more than the bound are no passphrase of a person. */
export const passphraseCharsMin = 8
export const passphraseCharsMax = 1024

const keyBytes = 32
export const saltBytes = 16

/** What making a key costs whoever guesses. */
export interface Cost {
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}

export const usual: Cost = { memoryKib: 64 * 1024, passes: 3, lanes: 4 }

/** What is wrong with a new passphrase, or nothing. */
export const problem = (passphrase: Redacted.Redacted<string>): string | undefined => {
  const { length } = Redacted.value(passphrase)
  if (length < passphraseCharsMin) return `a passphrase has at least ${passphraseCharsMin} characters`
  return length > passphraseCharsMax ? `a passphrase has at most ${passphraseCharsMax} characters` : undefined
}

/** The key. One passphrase is typed in several forms of the same characters. */
export const derive = (passphrase: Redacted.Redacted<string>, salt: Uint8Array, cost: Cost = usual) =>
  Effect.callback<Uint8Array>((resume) => {
    const message = Buffer.from(Redacted.value(passphrase).normalize("NFKC"), "utf8")
    const { lanes: parallelism, memoryKib: memory, passes } = cost
    argon2("argon2id", { message, nonce: salt, parallelism, memory, passes, tagLength: keyBytes }, (error, key) => {
      resume(error === null ? Effect.succeed(new Uint8Array(key)) : Effect.die(error))
    })
  })
