/**
 * Why a session ended before its link did. The link is closed in every case; a new one continues from the cursors.
 */
import { Schema } from "effect"
import { JournalError } from "../journal/JournalError.ts"
import { TransportError } from "../transport/TransportError.ts"
import { WireError } from "../wire/WireError.ts"

/** The peer could not prove the identity it claimed: a forged, replayed or relayed proof. */
export class ProofInvalid extends Schema.TaggedError<ProofInvalid>()("ProofInvalid", { peer: Schema.String }) {
  override get message(): string {
    return `the peer does not prove to be ${this.peer}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Another device answers at the address than the one the route names. Check the route. */
export class PeerUnexpected extends Schema.TaggedError<PeerUnexpected>()("PeerUnexpected", {
  expected: Schema.String,
  actual: Schema.String
}) {
  override get message(): string {
    return `expected peer ${this.expected} but ${this.actual} answers; check the address or trust the new peer`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The policy here does not admit the peer. */
export class PeerDenied extends Schema.TaggedError<PeerDenied>()("PeerDenied", {
  peer: Schema.String,
  rule: Schema.String,
  because: Schema.String
}) {
  override get message(): string {
    return `peer ${this.peer} is not admitted by ${this.rule}: ${this.because}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** A peer that was not admitted has been heard, and by what it said it is admitted now; the next session is a usual one. */
export class PeerHeard extends Schema.TaggedError<PeerHeard>()("PeerHeard", { peer: Schema.String }) {
  override get message(): string {
    return `peer ${this.peer} is admitted by what it knew of the charter; the session begins anew`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The peer ended the session and said why; codes are the names of these reasons. */
export class PeerRefused extends Schema.TaggedError<PeerRefused>()("PeerRefused", {
  code: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `the peer refuses (${this.code}): ${this.detail}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The two nodes sync different spaces. */
export class SpaceUnknown extends Schema.TaggedError<SpaceUnknown>()("SpaceUnknown", { space: Schema.String }) {
  override get message(): string {
    return `the peer asks for space ${this.space}, which is not synced here; use the same space name on both sides`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The peer speaks another version of the protocol. Update the older side. */
export class VersionUnsupported extends Schema.TaggedError<VersionUnsupported>()("VersionUnsupported", {
  version: Schema.Int,
  supported: Schema.Int
}) {
  override get message(): string {
    return `the peer speaks protocol version ${this.version}, this node ${this.supported}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** One of the two knows a charter of the space and the other has none. Compose both nodes with the same policy. */
export class CharterUnknown extends Schema.TaggedError<CharterUnknown>()("CharterUnknown", {
  isHere: Schema.Boolean
}) {
  override get message(): string {
    const [with_, without] = this.isHere ? ["this node", "the peer"] : ["the peer", "this node"]
    return `${with_} has a charter of the space and ${without} has none; compose both with the enterprise policy`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The two charters cannot be brought to agree, so nothing may be sent. A later version may know the record. */
export class CharterDiffers extends Schema.TaggedError<CharterDiffers>()("CharterDiffers", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the charters differ and cannot be brought to agree: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** A message came that makes no sense at this point. */
export class ProtocolViolated extends Schema.TaggedError<ProtocolViolated>()("ProtocolViolated", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the peer breaks the protocol: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Something was awaited and nothing came in time. */
export class SessionStalled extends Schema.TaggedError<SessionStalled>()("SessionStalled", {
  awaiting: Schema.String,
  waitedMs: Schema.Int
}) {
  override get message(): string {
    return `nothing came for ${this.waitedMs} ms while waiting for ${this.awaiting}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Something in this node is broken; the log has the details. The session is rebuilt. */
export class SessionFailed extends Schema.TaggedError<SessionFailed>()("SessionFailed", { problem: Schema.String }) {
  override get message(): string {
    return `the session failed inside this node: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** A newer session with the same peer took over. */
export class SessionReplaced extends Schema.TaggedError<SessionReplaced>()("SessionReplaced", {}) {
  override get message(): string {
    return "another session with the same peer took over"
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Another link with the peer is as good and stays; this one ends before anything is said. */
export class PeerLinked extends Schema.TaggedError<PeerLinked>()("PeerLinked", { peer: Schema.String }) {
  override get message(): string {
    return `peer ${this.peer} is linked by another road, which stays`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** It was in step and gave its place to another route, or auto-sync had wanted no more of it. */
export class SessionYielded extends Schema.TaggedError<SessionYielded>()("SessionYielded", {}) {
  override get message(): string {
    return "it was in step and gave way; it is dialled again in its turn"
  }
  get isRetryable(): boolean {
    return true
  }
}

/** This node has as many live sessions as it takes. The peer dials again later. */
export class SessionsExhausted extends Schema.TaggedError<SessionsExhausted>()("SessionsExhausted", {
  sessionsMax: Schema.Int
}) {
  override get message(): string {
    return `there are ${this.sessionsMax} live sessions already`
  }
  get isRetryable(): boolean {
    return true
  }
}

export class SessionError extends Schema.TaggedError<SessionError>()("SessionError", {
  reason: Schema.Union([
    ProofInvalid,
    PeerUnexpected,
    PeerDenied,
    PeerHeard,
    PeerRefused,
    SpaceUnknown,
    VersionUnsupported,
    CharterUnknown,
    CharterDiffers,
    ProtocolViolated,
    SessionStalled,
    SessionFailed,
    SessionReplaced,
    PeerLinked,
    SessionYielded,
    SessionsExhausted,
    WireError,
    TransportError,
    JournalError
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
