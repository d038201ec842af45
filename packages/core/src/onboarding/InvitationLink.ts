/**
 * The link by which people invite to a team: where the hub is, which device it must be, and the secret of an invitation. All
 * but the hub's address stands behind `#`, which no program that opens an address sends. Whether an invitation is good is not
 * known here.
 */
import { Result } from "effect"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import { InvitationLinkInvalid } from "./OnboardingError.ts"

/** Length of the secret in bytes. */
export const secretBytes = 16
/** Length of an invitation's id in bytes. */
export const idBytes = 8
/** Longest link that is looked at, in characters. */
export const linkCharsMax = 2_048

export interface InvitationLink {
  /** Address of the hub, without a slash at its end, e.g. `https://hub.example`. */
  readonly hub: string
  /** The device that must answer there. */
  readonly hubPeer: PeerId.PeerId
  /** Names the invitation; no secret. */
  readonly id: string
  readonly secret: Uint8Array
}

const version = "1"
const path = "/join"
const domain = Bytes.utf8("syncline/invitation/v1\n")

/**
 * The 32 bytes of which the invitation's key pair is made. The hub knows the public half; whoever has the secret has the
 * other one.
 */
export const seedOf = (sha256: CryptoFunctions["sha256"], secret: Uint8Array): Uint8Array =>
  sha256(Bytes.concat(domain, secret))

/** The link as people hand it on: `<hub>/join#1.<id>.<secret>.<hub's peer id>`. */
export const toText = ({ hub, hubPeer, id, secret }: InvitationLink): string =>
  `${hub}${path}#${[version, id, Bytes.toHex(secret), hubPeer].join(".")}`

/** The link in what somebody pasted. What is wrong is told without repeating it: it may hold a secret. */
export const parse = (text: string): Result.Result<InvitationLink, InvitationLinkInvalid> => {
  const plain = text.trim()
  if (plain.length > linkCharsMax) return invalid(`it has more than ${linkCharsMax} characters`)
  const [address = "", behind, ...more] = plain.split("#")
  const isAddress = /^https?:\/\//.test(address) && URL.canParse(address)
  if (!isAddress || !address.endsWith(path)) return invalid(`it does not begin with a hub's address and ${path}`)
  if (behind === undefined || more.length > 0) return invalid("what follows the # is missing")
  const [format, id = "", secretText = "", hubPeer = "", ...rest] = behind.split(".")
  if (format !== version && /^\d{1,4}$/.test(format!)) return invalid("a later version of this program has made it")
  const secret = Bytes.fromHex(secretText)
  const isWhole = Bytes.fromHex(id)?.length === idBytes && secret?.length === secretBytes && rest.length === 0
  if (format !== version || !isWhole || !PeerId.is(hubPeer)) return invalid("it has lost a part")
  return Result.succeed({ hub: address.slice(0, -path.length), hubPeer, id, secret })
}

const invalid = (problem: string): Result.Result<never, InvitationLinkInvalid> =>
  Result.fail(new InvitationLinkInvalid({ problem }))
