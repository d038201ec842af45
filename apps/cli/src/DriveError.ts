/**
 * Why a device's login to Google Drive could not be used: reasons of `CliError`. Why a login itself came to nothing is told by
 * `DriveLoginError`.
 */
import * as Schema from "effect/Schema"
import { command } from "./Invocation.ts"

/** Nobody is signed in to Google Drive on this device. Run `drive login`. */
export class DriveSignedOut extends Schema.TaggedError<DriveSignedOut>()("DriveSignedOut", { folder: Schema.String }) {
  override get message(): string {
    return `Nobody is signed in to Google Drive on this device. Sign in with: ${command(`drive login --data ${this.folder}`)}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** `drive.json` cannot be read or written, or holds no login that this device can use. Mend it, or sign in again. */
export class DriveFileUnusable extends Schema.TaggedError<DriveFileUnusable>()("DriveFileUnusable", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path} cannot be used: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return false
  }
}
