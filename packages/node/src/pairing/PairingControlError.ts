/** Why a device did not want to be paired with who invited it. Nothing was kept. */
import { Schema } from "effect"

/** The inviting device syncs another space. Recover by the same name of the space on both. */
export class SpaceDiffers extends Schema.TaggedError<SpaceDiffers>()("SpaceDiffers", { space: Schema.String }) {
  override get message(): string {
    return `the inviting device syncs another space than ${this.space}`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class PairingControlError extends Schema.TaggedError<PairingControlError>()("PairingControlError", {
  reason: Schema.Union([SpaceDiffers])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
