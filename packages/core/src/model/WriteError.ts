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

/**
 * Records of several headers have that id, and nothing said which is meant: devices made it twice, or somebody wants one to be
 * taken for another. Recover by naming the header.
 */
export class EntityAmbiguous extends Schema.TaggedError<EntityAmbiguous>()("EntityAmbiguous", {
  type: Schema.String,
  id: Schema.String,
  /** The header values of each. */
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

/** The entity was changed after it was read and before it was written. Recover by doing it again. */
export class EntityChanged extends Schema.TaggedError<EntityChanged>()("EntityChanged", {
  type: Schema.String,
  id: Schema.String
}) {
  override get message(): string {
    return `${this.type} ${this.id} was changed at the same time; try again`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** There was no such entity at the time to go back to. Recover by a later time; its history tells which. */
export class EntityNotFoundAt extends Schema.TaggedError<EntityNotFoundAt>()("EntityNotFoundAt", {
  type: Schema.String,
  id: Schema.String,
  /** 16 hexadecimal digits. */
  at: Schema.String
}) {
  override get message(): string {
    return `there was no ${this.type} ${this.id} at that time; its history tells when it was made`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** No commit of that name was found among the newest 1,000,000. Recover by the name that a history shows. */
export class CommitNotFound extends Schema.TaggedError<CommitNotFound>()("CommitNotFound", {
  commit: Schema.String
}) {
  override get message(): string {
    return `there is no commit ${this.commit} here; the history of a record shows commits and their arrival numbers`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A transaction changed more entities than one undo takes back. Recover by undoing its commits one by one. */
export class UndoTooLarge extends Schema.TaggedError<UndoTooLarge>()("UndoTooLarge", {
  entities: Schema.Int,
  max: Schema.Int
}) {
  override get message(): string {
    return `it changed ${this.entities} records or more, and one undo takes back at most ${this.max}; undo single commits`
  }
  get isRetryable(): boolean {
    return false
  }
}

/**
 * The space is sealed, and this device has not got the key that is in force. Recover by waiting until a device of somebody who
 * manages the space was online, or by giving the passphrase.
 */
export class SpaceLocked extends Schema.TaggedError<SpaceLocked>()("SpaceLocked", {}) {
  override get message(): string {
    return "the space is sealed and this device has not got its key yet; a device that manages the space gives it one when both are online"
  }
  get isRetryable(): boolean {
    return true
  }
}

/** A quota leaves no room for what this device writes. Recover as `because` says: by waiting, or by raising the quota. */
export class QuotaExceeded extends Schema.TaggedError<QuotaExceeded>()("QuotaExceeded", {
  /** Name of the quota. */
  rule: Schema.String,
  because: Schema.String
}) {
  override get message(): string {
    return `nothing more is written here by ${this.rule}: ${this.because}`
  }
  get isRetryable(): boolean {
    return true
  }
}

export class WriteError extends Schema.TaggedError<WriteError>()("WriteError", {
  reason: Schema.Union([
    EntityInvalid,
    EntityNotFound,
    EntityAmbiguous,
    WriteDenied,
    EntityChanged,
    EntityNotFoundAt,
    CommitNotFound,
    UndoTooLarge,
    SpaceLocked,
    QuotaExceeded
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
