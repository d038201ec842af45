/**
 * Passkeys, by which people sign in to a hub without a password, as its REST interface tells of them: what browsers are asked for and
 * what they answer, in the JSON of WebAuthn. No answer holds a private key: that stays in the person's authenticator.
 */
import { Schema } from "effect"

export const passkeyNameCharsMax = 64

/** Bytes in base64url, of so many characters at most. */
const bytes = (charsMax: number) =>
  Schema.String.check(
    Schema.isMaxLength(charsMax),
    Schema.makeFilter((text: string) => /^[\w-]*$/.test(text) || "must be base64url")
  )
const Credential = bytes(1_364)
const Data = bytes(4_096)

const Name = Schema.String.check(
  Schema.isMinLength(1),
  Schema.isMaxLength(passkeyNameCharsMax),
  Schema.makeFilter((text: string) => text.isWellFormed() || "must be well-formed text")
)

export const Passkey = Schema.Struct({
  id: Schema.String,
  /** What its person calls it. */
  name: Schema.String,
  madeMs: Schema.Int,
  usedMs: Schema.NullOr(Schema.Int),
  /** The authenticator's maker keeps it for several devices. */
  isBackedUp: Schema.Boolean
}).annotate({ identifier: "Passkey" })
export type Passkey = typeof Passkey.Type
export const Passkeys = Schema.Struct({ passkeys: Schema.Array(Passkey) })

/** How people may sign in at this hub, beside by a password. */
export const Ways = Schema.Struct({ passkeys: Schema.Boolean, oidc: Schema.Boolean })

const Named = Schema.Struct({ type: Schema.Literal("public-key"), id: Schema.String })

/** What `navigator.credentials.create` is given, after `PublicKeyCredential.parseCreationOptionsFromJSON`. */
export const CreationOptions = Schema.Struct({
  rp: Schema.Struct({ id: Schema.String, name: Schema.String }),
  user: Schema.Struct({ id: Schema.String, name: Schema.String, displayName: Schema.String }),
  challenge: Schema.String,
  pubKeyCredParams: Schema.Array(Schema.Struct({ type: Schema.Literal("public-key"), alg: Schema.Int })),
  timeout: Schema.Int,
  excludeCredentials: Schema.Array(Named),
  authenticatorSelection: Schema.Struct({
    residentKey: Schema.Literal("required"),
    requireResidentKey: Schema.Literal(true),
    userVerification: Schema.Literal("required")
  }),
  attestation: Schema.Literal("none")
}).annotate({ identifier: "PasskeyCreationOptions" })
export type CreationOptions = typeof CreationOptions.Type

/** What `navigator.credentials.get` is given. It names nobody's passkeys: the authenticator knows which it has. */
export const RequestOptions = Schema.Struct({
  rpId: Schema.String,
  challenge: Schema.String,
  timeout: Schema.Int,
  allowCredentials: Schema.Array(Named),
  userVerification: Schema.Literal("required")
}).annotate({ identifier: "PasskeyRequestOptions" })
export type RequestOptions = typeof RequestOptions.Type

const answered = {
  id: Credential,
  rawId: Credential,
  type: Schema.Literal("public-key"),
  authenticatorAttachment: Schema.optionalKey(Schema.NullOr(Schema.String.check(Schema.isMaxLength(64)))),
  clientExtensionResults: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
}

/** What a browser's `toJSON` gives of a new passkey. */
export const Created = Schema.Struct({
  ...answered,
  response: Schema.Struct({
    clientDataJSON: Data,
    attestationObject: bytes(16_384),
    authenticatorData: Schema.optionalKey(bytes(16_384)),
    transports: Schema.optionalKey(
      Schema.Array(Schema.String.check(Schema.isMaxLength(32))).check(Schema.isMaxLength(16))
    ),
    publicKey: Schema.optionalKey(Schema.NullOr(Data)),
    publicKeyAlgorithm: Schema.optionalKey(Schema.Int)
  })
})
export type Created = typeof Created.Type

/** What a browser's `toJSON` gives of a passkey that was asked for. */
export const Asserted = Schema.Struct({
  ...answered,
  response: Schema.Struct({
    clientDataJSON: Data,
    authenticatorData: Data,
    signature: Data,
    /** The account, as the authenticator keeps it. */
    userHandle: Schema.optionalKey(Schema.NullOr(bytes(128))),
    attestationObject: Schema.optionalKey(Schema.NullOr(bytes(16_384)))
  })
})
export type Asserted = typeof Asserted.Type

export const NewPasskey = Schema.Struct({ name: Name, credential: Created })
export type NewPasskey = typeof NewPasskey.Type
export const ByPasskey = Schema.Struct({ credential: Asserted })
export const PasskeyChange = Schema.Struct({ name: Name })
