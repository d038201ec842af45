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
    return this.code === "Gone"
  }
}
