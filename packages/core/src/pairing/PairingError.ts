/** Why two devices were not paired. Nobody learns from one which digits of a code were right. */
import { Schema } from "effect"

/** What was typed is no code. */
export class PairingCodeInvalid extends Schema.TaggedError<PairingCodeInvalid>()("PairingCodeInvalid", {
  problem: Schema.String
}) {
  override get message(): string {
    return `This is no code for pairing: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return false
  }
}

const codes = [
  // The two sides did not come to one key: the code was wrong, or somebody stands between them.
  "CodeWrong",
  // The code is used up: it was used, its time is over, or too many runs were begun with it.
  "CodeUsedUp",
  // A message that makes no sense here, or of another version.
  "Malformed",
  // Somebody played this side's own words back to it.
  "Reflected",
  // The device did not prove that its key is its own.
  "ProofInvalid",
  "Declined",
  // Another run with this invitation is under way.
  "Busy",
  // A side could not keep what the pairing brings.
  "NotKept",
  // The other side went away, or took too long.
  "Gone"
] as const

const words: Record<(typeof codes)[number], string> = {
  CodeWrong: "the code was wrong, or somebody stands between the devices; make a new code",
  CodeUsedUp: "the code is used up or its time is over; make a new one",
  Malformed: "the other side said something that makes no sense here; are both programs up to date?",
  Reflected: "this device met itself; use the code on the other device",
  ProofInvalid: "the other device could not prove who it is",
  Declined: "the person at the other device declined",
  Busy: "somebody else tries this invitation right now; try again in a moment",
  NotKept: "the other device could not keep what it was told; it says why",
  Gone: "the other side went away or took too long"
}

/** A run ended without a pairing. Nothing was kept or granted. */
export class PairingFailed extends Schema.TaggedError<PairingFailed>()("PairingFailed", {
  code: Schema.Literals(codes)
}) {
  static readonly codes = codes
  override get message(): string {
    return `The devices are not paired: ${words[this.code]}.`
  }
  get isRetryable(): boolean {
    return this.code === "Gone" || this.code === "Busy"
  }
}

/** Too many codes were tried without a pairing. No new one is made until then. */
export class PairingPaused extends Schema.TaggedError<PairingPaused>()("PairingPaused", {
  /** Milliseconds since 1970. */
  untilMs: Schema.Int,
  burnt: Schema.Int
}) {
  override get message(): string {
    const codes = `${this.burnt} codes were tried without a pairing within an hour, so somebody may be guessing`
    return `${codes}; new ones are made an hour after the first of them`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The invitation is over without a pairing. */
export class WindowOver extends Schema.TaggedError<WindowOver>()("WindowOver", {
  because: Schema.Literals(["expired", "attempts", "replaced", "closed"])
}) {
  override get message(): string {
    return `The invitation is over: ${ends[this.because]}. Make a new code.`
  }
  get isRetryable(): boolean {
    return false
  }
}

const ends = {
  expired: "nobody used its code in time",
  attempts: "its code was tried too often",
  replaced: "a newer code was made on this device",
  closed: "it was closed"
} as const

/** Nobody waits for an answer under that id. */
export class JoinUnknown extends Schema.TaggedError<JoinUnknown>()("JoinUnknown", { id: Schema.String }) {
  override get message(): string {
    return `Nobody waits to join under ${this.id}: it was answered, it took too long, or the device went away.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** What is remembered of pairings cannot be read or written. Nothing was changed, and nobody was answered. */
export class PairingStoreFailed extends Schema.TaggedError<PairingStoreFailed>()("PairingStoreFailed", {
  place: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.place} cannot be used: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

export class PairingError extends Schema.TaggedError<PairingError>()("PairingError", {
  reason: Schema.Union([PairingCodeInvalid, PairingFailed, PairingPaused, WindowOver, JoinUnknown, PairingStoreFailed])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: PairingError["reason"]): PairingError => new PairingError({ reason })
