/**
 * Why the desk cannot answer or carry out what it was asked; each says what to do instead.
 */
import { Schema } from "effect"

/** No device and no member of the space has this name. */
export class AskerUnknown extends Schema.TaggedError<AskerUnknown>()("AskerUnknown", { asker: Schema.String }) {
  override get message(): string {
    return `${this.asker} is no device and no member of this space; name one that the charter shows`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Live records of several headers have that id, and the question names none of them. Recover by naming the header. */
export class RecordAmbiguous extends Schema.TaggedError<RecordAmbiguous>()("RecordAmbiguous", {
  type: Schema.String,
  id: Schema.String,
  headers: Schema.Array(
    Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null]))
  )
}) {
  override get message(): string {
    const headers = this.headers.map((header) => JSON.stringify(header)).join(" or ")
    return `there is more than one ${this.type} ${this.id}; say which header is meant: ${headers}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** There is no record of this type and id here. */
export class RecordUnknown extends Schema.TaggedError<RecordUnknown>()("RecordUnknown", {
  type: Schema.String,
  id: Schema.String
}) {
  override get message(): string {
    return `there is no ${this.type} ${this.id} here; ask about its header instead, or about the type alone`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The text is no policy document that could be put in force. */
export class PolicyRefused extends Schema.TaggedError<PolicyRefused>()("PolicyRefused", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `the policy is refused: ${this.problems.join("; ")}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The charter has no such version, or no policy was in force at it and none is now. */
export class VersionWithoutPolicy extends Schema.TaggedError<VersionWithoutPolicy>()("VersionWithoutPolicy", {
  version: Schema.Int
}) {
  override get message(): string {
    return `there is no way back to version ${this.version} of the charter: it has no such version, or no policy was in force at it and none is now`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class PolicyDeskError extends Schema.TaggedError<PolicyDeskError>()("PolicyDeskError", {
  reason: Schema.Union([AskerUnknown, RecordUnknown, RecordAmbiguous, PolicyRefused, VersionWithoutPolicy])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return false
  }
}
