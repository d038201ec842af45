/**
 * The audit as a chain: each entry carries the hash of the one before, so that nobody can change, drop or slip in one
 * without every later one showing it. Old entries may be cut off behind a checkpoint that a device has signed. Pure;
 * where entries lie, and when one is written, is decided elsewhere.
 */
import { Bytes, type Crypto, type Decision, PeerId } from "@syncline/core"
import { Option, Schema } from "effect"

/** Longest texts that an entry keeps, in characters; more of them is cut off. */
export const detailCharsMax = 512
export const becauseCharsMax = 512

/** What an entry is about: what the gate was asked, or "overflow". */
export const actions = [
  "admit",
  "send",
  "receive",
  "write",
  "forget",
  "invite",
  "revoke",
  "request",
  "approve",
  "reject",
  "overflow",
  "manage",
  "signin"
] as const

/** What was decided, when, and on what. */
export interface AuditFacts {
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** "overflow": so many decisions came at once that the rest was only counted. */
  readonly action: (typeof actions)[number]
  readonly peer: PeerId.PeerId
  readonly decision: Decision.Decision
  readonly detail: string
  /** How often the same was decided within a second or so; 1 or more. */
  readonly times: number
}

export interface AuditEntry extends AuditFacts {
  /** Place in the chain, from 1. */
  readonly number: number
  /** 64 hexadecimal digits: SHA-256 over the hash before and everything else here. */
  readonly hash: string
}

/** Where a chain begins: at nothing, or behind what was cut off. */
export interface AuditStart {
  readonly number: number
  readonly hash: string
}

export const beginning: AuditStart = { number: 0, hash: "0".repeat(64) }

const domain = "syncline/audit/v1"

const hashOf = (sha256: Sha256, before: string, number: number, facts: AuditFacts): string => {
  const { action, atMs, decision, detail, peer, times } = facts
  const { allowed, because, policyVersion, rule } = decision
  const text = JSON.stringify([
    domain,
    before,
    number,
    atMs,
    action,
    peer,
    allowed,
    rule,
    policyVersion,
    because,
    detail,
    times
  ])
  return Bytes.toHex(sha256(Bytes.utf8(text)))
}

type Sha256 = Crypto.CryptoFunctions["sha256"]

const bounded = ({ decision, detail, ...facts }: AuditFacts): AuditFacts => ({
  ...facts,
  decision: { ...decision, because: decision.because.slice(0, becauseCharsMax).toWellFormed() },
  detail: detail.slice(0, detailCharsMax).toWellFormed()
})

/** An entry as it is kept and exported: one line of JSON. */
export const toText = (entry: AuditEntry): string => JSON.stringify(entry)

const Decided = Schema.Struct({
  allowed: Schema.Boolean,
  rule: Schema.String,
  policyVersion: Schema.Int,
  because: Schema.String
})
const Entry = Schema.fromJsonString(
  Schema.Struct({
    number: Schema.Int,
    atMs: Schema.Int,
    action: Schema.Literals(actions),
    peer: Schema.String.check(Schema.makeFilter(PeerId.is)),
    decision: Decided,
    detail: Schema.String,
    times: Schema.Int,
    hash: Schema.String
  })
)
const Checkpoint = Schema.fromJsonString(
  Schema.Struct({
    number: Schema.Int,
    hash: Schema.String,
    atMs: Schema.Int,
    signer: Schema.String.check(Schema.makeFilter(PeerId.is)),
    signature: Schema.String
  })
)
const decodeEntry = Schema.decodeUnknownOption(Entry, { onExcessProperty: "error" })
const decodeCheckpoint = Schema.decodeUnknownOption(Checkpoint)

/** The entry of a text, or `undefined` for one that is none. */
export const ofText = (text: string): AuditEntry | undefined =>
  Option.getOrUndefined(decodeEntry(text)) as AuditEntry | undefined

/** The next entry of a chain. */
export const next = (sha256: Sha256, last: AuditStart, facts: AuditFacts): AuditEntry => {
  const kept = bounded(facts)
  const number = last.number + 1
  return { ...kept, number, hash: hashOf(sha256, last.hash, number, kept) }
}

/** The number of the first entry that does not follow, or `undefined` when all do. */
export const firstBad = (sha256: Sha256, start: AuditStart, entries: Iterable<AuditEntry>): number | undefined => {
  let { hash, number } = start
  for (const entry of entries) {
    number++
    if (entry.number !== number || entry.hash !== hashOf(sha256, hash, number, entry)) return number
    hash = entry.hash
  }
  return undefined
}

/** What a device says of a chain up to an entry, so that those before it may be cut off. */
export interface AuditCheckpoint extends AuditStart {
  readonly atMs: number
  readonly signer: PeerId.PeerId
  /** In hexadecimal. */
  readonly signature: string
}

/** The checkpoint of a text, or `undefined` for one that is none. */
export const checkpointOfText = (text: string): AuditCheckpoint | undefined =>
  Option.getOrUndefined(decodeCheckpoint(text)) as AuditCheckpoint | undefined

const checkpointMessage = ({ hash, number }: AuditStart, atMs: number): Uint8Array =>
  Bytes.utf8(`syncline/audit-checkpoint/v1\n${number}\n${hash}\n${atMs}`)

export const checkpoint = (signer: Crypto.Signer, { hash, number }: AuditStart, atMs: number): AuditCheckpoint => ({
  number,
  hash,
  atMs,
  signer: PeerId.fromPublicKey(signer.publicKey),
  signature: Bytes.toHex(signer.sign(checkpointMessage({ number, hash }, atMs)))
})

/** True when the named device has signed the checkpoint as it is. */
export const isSigned = (crypto: Crypto.CryptoFunctions, made: AuditCheckpoint): boolean => {
  const key = PeerId.toPublicKey(made.signer)
  const signature = Bytes.fromHex(made.signature)
  return (
    key !== undefined && signature !== undefined && crypto.verify(key, checkpointMessage(made, made.atMs), signature)
  )
}
