/** An authenticator and the browser before it, for tests: ES256 keys, answers in WebAuthn's JSON, CBOR and COSE by hand. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto"

/** A maker's certificate and key, for tests only, valid until 2126. The key protects nothing. */
const maker = {
  certificate: `-----BEGIN CERTIFICATE-----
MIIB5zCCAY2gAwIBAgIUK/c51LCZcrWS/v5Yu9kTjwp5P+EwCgYIKoZIzj0EAwIw
WjELMAkGA1UEBhMCREUxEDAOBgNVBAoMB0EgbWFrZXIxIjAgBgNVBAsMGUF1dGhl
bnRpY2F0b3IgQXR0ZXN0YXRpb24xFTATBgNVBAMMDEEgbWFrZXJzIGtleTAgFw0y
NjExMjMwMzI2MDNaGA8yMTI2MTAzMDAzMjYwM1owWjELMAkGA1UEBhMCREUxEDAO
BgNVBAoMB0EgbWFrZXIxIjAgBgNVBAsMGUF1dGhlbnRpY2F0b3IgQXR0ZXN0YXRp
b24xFTATBgNVBAMMDEEgbWFrZXJzIGtleTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABIAxu+hPeV30l24smb1OmKp0vCI+m5neNpM1kXWqfoeh6od/FyogD827ZqZ2
kdkm/+Pn5CxY4hj39fbCHNzoc+6jLzAtMAwGA1UdEwEB/wQCMAAwHQYDVR0OBBYE
FHpFNqazYrKmUnkr35lD4bwahP4JMAoGCCqGSM49BAMCA0gAMEUCIQDgD5dHVslG
GCNCkNDaY7ua8MzC+mZkhgKOmYW220NM5AIgOM6gAU+blZmhmHn7kr8vClsh1lCC
ahloKrX7Akhkuks=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7tLB6vguPlGOA+mP
YF1pSHkWLeXe1ouwzIDYbDLZOqmhRANCAASAMbvoT3ld9JduLJm9TpiqdLwiPpuZ
3jaTNZF1qn6HoeqHfxcqIA/Nu2amdpHZJv/j5+QsWOIY9/X2whzc6HPu
-----END PRIVATE KEY-----
`
}

type Cbor = number | string | Uint8Array | ReadonlyArray<Cbor> | ReadonlyMap<number | string, Cbor>

const head = (major: number, value: number): Buffer => {
  if (value < 24) return Buffer.from([(major << 5) | value])
  if (value < 256) return Buffer.from([(major << 5) | 24, value])
  return Buffer.from([(major << 5) | 25, value >> 8, value & 255])
}

const cbor = (value: Cbor): Buffer => {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value])
  if (!(value instanceof Map)) {
    const parts = value as ReadonlyArray<Cbor>
    return Buffer.concat([head(4, parts.length), ...parts.map(cbor)])
  }
  const entries = [...(value as ReadonlyMap<number | string, Cbor>)].flatMap(([key, each]) => [cbor(key), cbor(each)])
  return Buffer.concat([head(5, value.size), ...entries])
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url")
const sha256 = (bytes: string | Uint8Array): Buffer => createHash("sha256").update(bytes).digest()

/** The key type, algorithm, curve and point of ES256, as COSE numbers them. */
const coseOf = (key: KeyObject): Buffer => {
  const { x, y } = key.export({ format: "jwk" })
  const point = (text: string | undefined) => Buffer.from(text!, "base64url")
  return cbor(
    new Map<number, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, point(x)],
      [-3, point(y)]
    ])
  )
}

/** What an answer is for, where it is not for what it was asked for. */
export interface Twist {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly userHandle?: string | null
  readonly counter?: number
  /** Present and verified; 5 by itself. */
  readonly flags?: number
  readonly type?: string
  readonly format?: string
  readonly statement?: ReadonlyMap<string, Cbor>
  /** The maker vouches for the key. */
  readonly isMakers?: boolean
}

export interface Creation {
  readonly rp: { readonly id: string }
  readonly user: { readonly id: string }
  readonly challenge: string
}

export interface Request {
  readonly rpId: string
  readonly challenge: string
}

export const authenticator = (origin: string) => {
  const id = base64url(randomBytes(32))
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  let userHandle = ""
  let counter = 0

  const clientData = (type: string, challenge: string, twist: Twist): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: twist.type ?? type,
        challenge: twist.challenge ?? challenge,
        origin: twist.origin ?? origin,
        crossOrigin: false
      })
    )
  const dataOf = (rpId: string, flags: number, count: number): Buffer => {
    const counted = Buffer.alloc(4)
    counted.writeUInt32BE(count)
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counted])
  }
  const named = { id, rawId: id, type: "public-key", clientExtensionResults: {} }

  const create = ({ challenge, rp, user }: Creation, twist: Twist = {}) => {
    userHandle = user.id
    const idBytes = Buffer.from(id, "base64url")
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, idBytes.length]), idBytes, coseOf(publicKey)])
    const authData = Buffer.concat([
      dataOf(twist.rpId ?? rp.id, 0x40 | (twist.flags ?? 5), twist.counter ?? 0),
      attested
    ])
    const clientDataJSON = clientData("webauthn.create", challenge, twist)
    const signed = (key: KeyObject | string) => sign("sha256", Buffer.concat([authData, sha256(clientDataJSON)]), key)
    const statementOf = (): ReadonlyMap<string, Cbor> => {
      if (twist.statement !== undefined || twist.format !== "packed") return twist.statement ?? new Map<string, Cbor>()
      const own = new Map<string, Cbor>([
        ["alg", -7],
        ["sig", signed(twist.isMakers === true ? maker.key : privateKey)]
      ])
      return twist.isMakers === true ? own.set("x5c", [new X509Certificate(maker.certificate).raw]) : own
    }
    const attestation = new Map<string, Cbor>([
      ["fmt", twist.format ?? "none"],
      ["attStmt", statementOf()],
      ["authData", authData]
    ])
    return {
      ...named,
      authenticatorAttachment: "platform",
      response: {
        clientDataJSON: base64url(clientDataJSON),
        attestationObject: base64url(cbor(attestation)),
        transports: ["internal"],
        publicKeyAlgorithm: -7
      }
    }
  }

  const get = ({ challenge, rpId }: Request, twist: Twist = {}) => {
    counter++
    const authenticatorData = dataOf(twist.rpId ?? rpId, twist.flags ?? 5, twist.counter ?? counter)
    const clientDataJSON = clientData("webauthn.get", challenge, twist)
    const signature = sign("sha256", Buffer.concat([authenticatorData, sha256(clientDataJSON)]), privateKey)
    return {
      ...named,
      response: {
        clientDataJSON: base64url(clientDataJSON),
        authenticatorData: base64url(authenticatorData),
        signature: base64url(signature),
        userHandle: twist.userHandle === undefined ? userHandle : twist.userHandle
      }
    }
  }
  return { id, create, get }
}

export type Authenticator = ReturnType<typeof authenticator>
