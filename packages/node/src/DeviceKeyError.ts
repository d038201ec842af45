/**
 * Why a device's key could not be had. Nothing is made or changed in any of these cases: a new key would be a new device.
 */
import { Schema } from "effect"

/** The file exists but holds no key. Recover by restoring it from a backup, or remove it and pair the device anew. */
export class KeyDamaged extends Schema.TaggedError<KeyDamaged>()("KeyDamaged", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path} holds no device key: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Others on this machine may read the key. Recover by `chmod 600`. */
export class KeyExposed extends Schema.TaggedError<KeyExposed>()("KeyExposed", { path: Schema.String }) {
  override get message(): string {
    return `${this.path} can be read by other users of this machine; run chmod 600 on it`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The file or its folder cannot be read or made. */
export class KeyInaccessible extends Schema.TaggedError<KeyInaccessible>()("KeyInaccessible", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path} cannot be read or made: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

export class DeviceKeyError extends Schema.TaggedError<DeviceKeyError>()("DeviceKeyError", {
  reason: Schema.Union([KeyDamaged, KeyExposed, KeyInaccessible])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
