/**
 * Why a local write was refused. A refused write leaves nothing behind; writes before it in the same call are undone
 * with it.
 */
import { Schema } from "effect"

/** A value breaks the entity type's schema or the bounds of the data model. Recover by mending the named field. */
export class EntityInvalid extends Schema.TaggedError<EntityInvalid>()("EntityInvalid", {
  type: Schema.String,
  id: Schema.String,
  field: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.type} ${this.id || "(no id)"}: field ${this.field}: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A patch or delete names an entity that does not exist or is deleted. Recover by `put`. */
export class EntityNotFound extends Schema.TaggedError<EntityNotFound>()("EntityNotFound", {
  type: Schema.String,
  id: Schema.String
}) {
  override get message(): string {
    return `there is no ${this.type} ${this.id}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The policy forbids this device to write this. Recover by asking whoever administers the space. */
export class WriteDenied extends Schema.TaggedError<WriteDenied>()("WriteDenied", {
  type: Schema.String,
  id: Schema.String,
  rule: Schema.String,
  because: Schema.String
}) {
  override get message(): string {
    return `writing ${this.type} ${this.id} is denied by ${this.rule}: ${this.because}`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class WriteError extends Schema.TaggedError<WriteError>()("WriteError", {
  reason: Schema.Union([EntityInvalid, EntityNotFound, WriteDenied])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
