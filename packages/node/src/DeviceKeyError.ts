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

/** The key is under a passphrase and none was given. */
export class KeyLocked extends Schema.TaggedError<KeyLocked>()("KeyLocked", { path: Schema.String }) {
  override get message(): string {
    return `${this.path} is under a passphrase, and none was given; name a file that holds it by SYNCLINE_PASSPHRASE_FILE`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The key is under another passphrase, or the file was changed. */
export class PassphraseWrong extends Schema.TaggedError<PassphraseWrong>()("PassphraseWrong", { path: Schema.String }) {
  override get message(): string {
    return `the passphrase does not open ${this.path}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A new passphrase is too short or too long. */
export class PassphraseUnfit extends Schema.TaggedError<PassphraseUnfit>()("PassphraseUnfit", {
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
  get isRetryable(): boolean {
    return false
  }
}

export class DeviceKeyError extends Schema.TaggedError<DeviceKeyError>()("DeviceKeyError", {
  reason: Schema.Union([KeyDamaged, KeyExposed, KeyInaccessible, KeyLocked, PassphraseUnfit, PassphraseWrong])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
