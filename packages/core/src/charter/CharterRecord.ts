/**
 * One record of a charter: who signed it, what it stands behind, and what it does. This is the only file that knows its
 * encoding. What is signed and hashed are bytes as they arrived, never a re-encoding; whether the signer had the right
 * is not judged here.
 */
import { type CryptoFunctions, signatureBytes, type Signer } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as PeerId from "../identity/PeerId.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import * as MessagePack from "../model/MessagePack.ts"
import * as CharterOperation from "./CharterOperation.ts"

/**
 * Version of the format. Every later one has these nine fields in their places, within these bounds and signed over the same
 * domain, and whatever it adds behind them; what it does may be anything. So whoever does not know it keeps it all the same,
 * and knows where it stands and who signed it. What a record of one version means never changes.
 */
export const recordVersion = 1
/** Operations of one record; they count together or not at all. */
export const operationsMax = 64
/** Longest record in bytes: a policy document and some room. */
export const recordBytesMax = 160 * 1024
/** Longest name of the person in whose name the signer acts, and longest note. */
export const behalfCharsMax = 128
export const noteCharsMax = 512
/** Depth of an encoded record: record, operations, operation, list of teams. */
const depthMax = 6
/** Length of a record's id in bytes. */
export const recordIdBytes = 32

/** 64 hexadecimal digits: SHA-256 over the domain and the signed bytes. */
export type RecordId = string

/** Most records that one stands behind, so that nobody has to deny one that it knew. */
export const behindMax = 1_024
/** Stands for what is before the first record. */
export const noRecord: RecordId = "0".repeat(2 * recordIdBytes)

export interface CharterRecord {
  readonly id: RecordId
  readonly space: SpaceId.SpaceId
  /** One more than the highest of those that it stands behind, from 1. */
  readonly version: number
  /** The records that its writer knew and that none of those stands behind, in order; those behind them it knew as well. */
  readonly behind: ReadonlyArray<RecordId>
  readonly at: HybridTime.HybridTime
  readonly signer: PeerId.PeerId
  /** The person in whose name a hub signed, or empty. */
  readonly behalf: string
  /** Why, in the signer's words, or empty. */
  readonly note: string
  /** What it does; nothing is known of that where it is `unread`. */
  readonly operations: ReadonlyArray<CharterOperation.CharterOperation>
  /**
   * Why this version of the program cannot judge it. `later`: only a later one knows what it does. `behind`: it stands behind
   * such a one, without which it makes no sense. `refused`: it was judged and taken in before, and would not be now.
   */
  readonly unread: "later" | "behind" | "refused" | undefined
  /**
   * How new what it does is: 0 for what every version of the program knows, else the highest number of its operations. Infinite
   * where only a later version knows it. A later format gives more than any operation of the earlier ones.
   */
  readonly newness: number
  /** The highest of those that it stands behind, however far back; 0 until a graph knows them. */
  readonly restsOn: number
  /** The hub's signature that says it has this record at its place, and nothing about the right to write it. */
  readonly receipt: Uint8Array | undefined
  /** The record as it was signed, with its signatures. */
  readonly bytes: Uint8Array
}

const domain = Bytes.utf8("syncline/charter/v1")
const receiptDomain = Bytes.utf8("syncline/charter-receipt/v1")

const signedMessage = (crypto: CryptoFunctions, body: Uint8Array): Uint8Array =>
  Bytes.concat(domain, crypto.sha256(body))

const idOf = (crypto: CryptoFunctions, body: Uint8Array): RecordId =>
  Bytes.toHex(crypto.sha256(signedMessage(crypto, body)))

type Made = Omit<CharterRecord, "id" | "signer" | "unread" | "newness" | "restsOn" | "receipt" | "bytes">

/** Encodes and signs a record; throws when there can be none like it. */
export const seal = (crypto: CryptoFunctions, signer: Signer, made: Made): CharterRecord => {
  const sealed = sealOrSay(crypto, signer, made)
  if (typeof sealed === "string") throw new RangeError(`there is no record like this: ${sealed}`)
  return sealed
}

/** Encodes and signs a record, or says why there can be none like it. */
export const sealOrSay = (
  crypto: CryptoFunctions,
  signer: Signer,
  { at, behalf, behind, note, operations, space, version }: Made
): CharterRecord | string => {
  const body = MessagePack.pack([
    recordVersion,
    SpaceId.toBytes(space),
    version,
    behind.map((id) => Bytes.fromHex(id)!),
    HybridTime.toBytes(at),
    signer.publicKey,
    behalf,
    note,
    operations.map(CharterOperation.toWire)
  ])
  const bytes = MessagePack.pack([body, signer.sign(signedMessage(crypto, body)), null])
  return open(crypto, bytes)
}

const receiptMessage = (id: RecordId): Uint8Array => Bytes.concat(receiptDomain, Bytes.fromHex(id)!)

/** The record with a hub's receipt. */
export const withReceipt = (record: CharterRecord, hub: Signer): CharterRecord => {
  const receipt = hub.sign(receiptMessage(record.id))
  const [body, signature] = MessagePack.unpackOwn(Bytes.copy(record.bytes)) as readonly [Uint8Array, Uint8Array]
  return { ...record, receipt, bytes: MessagePack.pack([body, signature, receipt]) }
}

/** True when a hub has signed that it has the record. */
export const hasReceipt = (crypto: CryptoFunctions, { id, receipt }: CharterRecord, hub: PeerId.PeerId): boolean =>
  receipt !== undefined && crypto.verify(PeerId.toPublicKey(hub)!, receiptMessage(id), receipt)

/** Of a later version that does not keep to the form which all have: nothing can be told of it. */
export const newer = "a later version wrote it"

/** Reads a record and proves its signature, or says what is wrong. */
export const open = (crypto: CryptoFunctions, bytes: Uint8Array): CharterRecord | string => {
  const opened = openKept(crypto, bytes)
  return typeof opened === "string" ? opened : (opened.problem ?? opened.record)
}

/** A record as it was signed, and what is wrong with what it does, if anything; then it says of that nothing. */
export interface KeptRecord {
  readonly record: CharterRecord
  readonly problem: string | undefined
}

/**
 * The same of what was kept without being judged: a program that knows what it does may find that broken. Where it stands and
 * who signed it is known all the same.
 */
export const openKept = (crypto: CryptoFunctions, bytes: Uint8Array): KeptRecord | string => {
  if (bytes.length > recordBytesMax) return `it has more than ${recordBytesMax} bytes`
  const outer = unpack(bytes)
  if (!Array.isArray(outer) || outer.length !== 3) return "it is not a list of 3"
  const [body, signature, receipt] = outer as ReadonlyArray<unknown>
  if (!(body instanceof Uint8Array) || !isBytes(signature, signatureBytes)) return "it has no body or no signature"
  if (receipt !== null && !isBytes(receipt, signatureBytes)) return "its receipt is no signature"
  const fields = unpack(body)
  if (!Array.isArray(fields)) return "its body is not a list"
  const [format, ...rest] = fields as ReadonlyArray<unknown>
  const isLater = Number.isSafeInteger(format) && (format as number) > recordVersion
  if (!isLater && (format !== recordVersion || rest.length !== 8)) return "its body is not a list of 9"
  const read = readBody(rest)
  if (typeof read === "string") return isLater ? newer : read
  const { operations, ...said } = read
  const done = isLater ? unknown : readOperations(operations)
  const [problem, does] = typeof done === "string" ? [done, nothing] : [undefined, done]
  const key = PeerId.toPublicKey(said.signer)!
  if (!crypto.verify(key, signedMessage(crypto, body), signature)) {
    return problem ?? "its signature is not the signer's"
  }
  const kept = receipt === null ? undefined : Bytes.copy(receipt)
  const id = idOf(crypto, body)
  return { record: { ...said, ...does, restsOn: 0, id, receipt: kept, bytes: Bytes.copy(bytes) }, problem }
}

const unpack = (bytes: Uint8Array): unknown => {
  const unpacked = MessagePack.unpack(bytes, depthMax)
  return typeof unpacked === "string" ? undefined : unpacked.value
}

type Deeds = Pick<CharterRecord, "operations" | "newness" | "unread">

const nothing: Deeds = { operations: [], newness: 0, unread: undefined }
const unknown: Deeds = { operations: [], newness: Infinity, unread: "later" }

type Body = Omit<CharterRecord, keyof Deeds | "restsOn" | "id" | "receipt" | "bytes"> & { readonly operations: unknown }

/** What all formats have in common; what it does is read by itself. */
const readBody = (fields: ReadonlyArray<unknown>): Body | string => {
  const [space, version, before, at, signer, behalf, note, operations] = fields
  if (!isBytes(space, SpaceId.spaceIdBytes)) return "it names no space"
  if (!Number.isSafeInteger(version) || (version as number) < 1) return "it has no place in the charter"
  const behind = behindOf(before)
  if (behind === undefined) return "it does not say what it stands behind"
  if (!isBytes(at, HybridTime.hybridTimeBytes)) return "it has no time"
  if (!isBytes(signer, PeerId.publicKeyBytes)) return "it names no signer"
  if (!isText(behalf, behalfCharsMax) || !isText(note, noteCharsMax)) return "a text of it is too long"
  return {
    space: SpaceId.fromBytes(space),
    version: version as number,
    behind,
    at: HybridTime.fromBytes(at),
    signer: PeerId.fromPublicKey(signer),
    behalf,
    note,
    operations
  }
}

/** What it does, or what is wrong with it. All of it is looked at: what is broken in one version is so in every later one. */
const readOperations = (operations: unknown): Deeds | string => {
  if (!Array.isArray(operations) || operations.length < 1 || operations.length > operationsMax) {
    return `it does not do 1 to ${operationsMax} things`
  }
  const read: Array<CharterOperation.CharterOperation> = []
  let newness = 0
  for (const input of operations as ReadonlyArray<unknown>) {
    const operation = CharterOperation.fromWire(input)
    if (operation === undefined) return "it does something that is none of a charter's operations"
    newness = Math.max(newness, operation === "newer" ? Infinity : CharterOperation.newnessOf(input))
    if (operation !== "newer") read.push(operation)
  }
  return newness === Infinity ? unknown : { operations: read, newness, unread: undefined }
}

/** In order and each once, so that there is one form. */
const behindOf = (value: unknown): ReadonlyArray<RecordId> | undefined => {
  if (!Array.isArray(value) || value.length > behindMax) return undefined
  const ids: Array<RecordId> = []
  for (const id of value as ReadonlyArray<unknown>) {
    if (!isBytes(id, recordIdBytes)) return undefined
    const text = Bytes.toHex(id)
    if (ids.length > 0 && ids.at(-1)! >= text) return undefined
    ids.push(text)
  }
  return ids
}

const isBytes = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length

const isText = (value: unknown, charsMax: number): value is string =>
  typeof value === "string" && value.length <= charsMax
