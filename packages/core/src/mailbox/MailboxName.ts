/**
 * Names of what lies in a mailbox. They say whose a file is, of which kind, the how-manieth, and which content it has, and
 * nothing that a person could read. Every provider keeps them as they are: lower case, digits, one dot, at most 64 characters.
 * Whatever has another name is not ours, be it a copy that a provider made of a conflict.
 */
import { base32nopad } from "@scure/base"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import * as SpaceId from "../identity/SpaceId.ts"

type Sha256 = (bytes: Uint8Array) => Uint8Array

/** `seg`: commits. `head`: what of this owner there is. */
export type Kind = "seg" | "head"

export interface MailboxName {
  readonly kind: Kind
  /** From 1, growing within the owner's directory, whatever the kind. */
  readonly counter: number
  /** 26 characters made of the SHA-256 of the file. */
  readonly hash: string
}

/** Length of a tag and of a hash in a name. */
export const tagLength = 26
/** Files of one owner that are ever written. */
export const counterMax = 9_999_999_999

const tagBytes = 16
const counterDigits = 10
const form = /^(seg|head)-(\d{10})-([a-z2-7]{26})\.age$/
const tagForm = /^[a-z2-7]{26}$/

const spaceDomain = Bytes.utf8("syncline/mailbox-space/v1")
const ownerDomain = Bytes.utf8("syncline/mailbox-owner/v1")

const tag = (digest: Uint8Array): string => base32nopad.encode(digest.subarray(0, tagBytes)).toLowerCase()

/** The directory of a space below the mailbox's root. */
export const spaceTag = (sha256: Sha256, space: SpaceId.SpaceId): string =>
  tag(sha256(Bytes.concat(spaceDomain, SpaceId.toBytes(space))))

/** The directory of a device in that of a space; another one in each space. */
export const ownerTag = (sha256: Sha256, space: SpaceId.SpaceId, peer: PeerId.PeerId): string =>
  tag(sha256(Bytes.concat(ownerDomain, SpaceId.toBytes(space), PeerId.toPublicKey(peer)!)))

/** True for what may be the directory of a space or a device. */
export const isTag = (name: string): boolean => tagForm.test(name)

/** What stands in names for the content of a file. */
export const hashOf = (sha256: Sha256, file: Uint8Array): string => tag(sha256(file))

export const print = ({ counter, hash, kind }: MailboxName): string =>
  `${kind}-${String(counter).padStart(counterDigits, "0")}-${hash}.age`

/** What a name says; `undefined` for one that is none of ours. */
export const parse = (name: string): MailboxName | undefined => {
  const [, kind, digits, hash] = form.exec(name) ?? []
  const counter = Number(digits)
  return kind === undefined || counter === 0 ? undefined : { kind: kind as Kind, counter, hash: hash! }
}
