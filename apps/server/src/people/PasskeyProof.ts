/**
 * Whether what a browser answered proves a passkey: of this site, for this challenge, with the person's touch and check. The library that
 * looks is loaded when it is needed first. Whose passkey it is, and whether the challenge was used, is for others.
 */
import type { AdminPasskeys } from "@syncline/core/admin"
import { Effect, Schema } from "effect"
import type { RelyingParty } from "./RelyingParty.ts"

/** Kinds of keys that are taken, the best first: EdDSA, ES256, RS256. */
export const algorithms = [-8, -7, -257] as const

/** What is kept of a passkey, beside its name of 64 hexadecimal digits. */
const Kept = Schema.fromJsonString(
  Schema.Struct({
    /** The authenticator's name of it, base64url. */
    credential: Schema.String,
    /** The public key, COSE in base64url. */
    key: Schema.String,
    /** What its person calls it. */
    name: Schema.String,
    isBackedUp: Schema.Boolean
  })
)
export type Kept = typeof Kept.Type
export const decode = Schema.decodeSync(Kept)
export const encode = Schema.encodeSync(Kept)

/** What the browser's answer must be for. */
interface Expected {
  readonly party: RelyingParty
  readonly isExpected: (challenge: string) => boolean
}

export interface Proven {
  readonly counter: number
  readonly challenge: string
}

/** The passkey that was made; nothing where the answer proves none. */
export const created = (
  credential: AdminPasskeys.Created,
  expected: Expected
): Effect.Effect<(Proven & Pick<Kept, "credential" | "key" | "isBackedUp">) | undefined> =>
  attempt(async (seen) => {
    const { verifyRegistrationResponse } = await import("@simplewebauthn/server")
    const { decodeAttestationObject } = await import("@simplewebauthn/server/helpers")
    const { attestationObject, clientDataJSON } = credential.response
    const attestation = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, "base64url")))
    // A maker's certificate proves nothing that is asked for here, and looking at it would go out into the network.
    const isOwnWord = attestation.get("attStmt").get("x5c") === undefined
    if (!isOwnWord || !["none", "packed"].includes(attestation.get("fmt"))) return undefined
    const { registrationInfo } = await verifyRegistrationResponse({
      response: {
        id: credential.id,
        rawId: credential.rawId,
        type: credential.type,
        clientExtensionResults: {},
        response: { attestationObject, clientDataJSON }
      },
      ...seen.options,
      supportedAlgorithmIDs: [...algorithms]
    })
    if (registrationInfo === undefined) return undefined
    const { credential: made, credentialBackedUp: isBackedUp } = registrationInfo
    // The answer says the name twice, and only one of the two is the authenticator's.
    if (made.id !== credential.id) return undefined
    const key = Buffer.from(made.publicKey).toString("base64url")
    return { counter: made.counter, challenge: seen.challenge, credential: made.id, key, isBackedUp }
  }, expected)

/** The count that a passkey's authenticator is at; nothing where the answer does not prove it. */
export const asserted = (
  credential: AdminPasskeys.Asserted,
  { counter, kept }: { readonly kept: Kept; readonly counter: number },
  expected: Expected
): Effect.Effect<Proven | undefined> =>
  attempt(async (seen) => {
    const { verifyAuthenticationResponse } = await import("@simplewebauthn/server")
    const { authenticatorData, clientDataJSON, signature } = credential.response
    const { authenticationInfo, verified } = await verifyAuthenticationResponse({
      response: {
        id: credential.id,
        rawId: credential.rawId,
        type: credential.type,
        clientExtensionResults: {},
        response: { authenticatorData, clientDataJSON, signature }
      },
      ...seen.options,
      credential: { id: kept.credential, publicKey: new Uint8Array(Buffer.from(kept.key, "base64url")), counter }
    })
    return verified ? { counter: authenticationInfo.newCounter, challenge: seen.challenge } : undefined
  }, expected)

interface Seen {
  /** The challenge that the answer is for. */
  readonly challenge: string
  readonly options: {
    readonly expectedChallenge: (challenge: string) => boolean
    readonly expectedOrigin: string
    readonly expectedRPID: string
    readonly requireUserVerification: true
  }
}

/** The library throws for whatever is wrong with an answer. */
const attempt = <A>(
  look: (seen: Seen) => Promise<A | undefined>,
  { isExpected, party }: Expected
): Effect.Effect<A | undefined> => {
  let challenge = ""
  const expectedChallenge = (given: string) => {
    challenge = given
    return isExpected(given)
  }
  const seen: Seen = {
    get challenge() {
      return challenge
    },
    options: {
      expectedChallenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true
    }
  }
  return Effect.promise(() => look(seen).catch(() => undefined))
}
