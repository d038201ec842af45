/**
 * Why a device's roads could not be used or changed, and why a file of a mailbox could not be shown: reasons of `CliError`.
 */
import * as Schema from "effect/Schema"
import { command } from "./Invocation.ts"

/** Neither the hub nor any other road of the device could be used. The message says what each of them said. */
export class NothingReached extends Schema.TaggedError<NothingReached>()("NothingReached", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `Nothing could be reached. ${this.problems.join(" ")}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The device has no such road. The list says which it has. */
export class RoadMissing extends Schema.TaggedError<RoadMissing>()("RoadMissing", { address: Schema.String }) {
  override get message(): string {
    return `This device has no road ${this.address}. Those that it has are shown by: ${command("road list")}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The file is not sealed for this device, or damaged. Open it with a device that it is for. */
export class FileClosed extends Schema.TaggedError<FileClosed>()("FileClosed", { file: Schema.String }) {
  override get message(): string {
    return `${this.file} does not open with this device's key: it is sealed for other devices, or damaged.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The file is none of a mailbox. Name one of a folder that devices meet in. */
export class FileForeign extends Schema.TaggedError<FileForeign>()("FileForeign", {
  file: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.file} is no file of a mailbox: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return false
  }
}
