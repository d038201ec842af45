/**
 * Why a hub's store did not keep what it was told. Nothing of the failed change was kept.
 */
import { JournalError } from "@syncline/core"
import { Schema } from "effect"

/** Another account has the name. Recover by choosing another one. */
export class AccountNameTaken extends Schema.TaggedError<AccountNameTaken>()("AccountNameTaken", {
  name: Schema.String
}) {
  override get message(): string {
    return `there is an account ${this.name} already; choose another name`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Something was to be kept for an account that is not there, or not any more. */
export class AccountUnknown extends Schema.TaggedError<AccountUnknown>()("AccountUnknown", { id: Schema.String }) {
  override get message(): string {
    return `there is no account ${this.id}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Another account signs in by this. */
export class CredentialTaken extends Schema.TaggedError<CredentialTaken>()("CredentialTaken", {
  kind: Schema.String
}) {
  override get message(): string {
    return `another account signs in by this ${this.kind}; remove it there first`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** As many rows are kept as may be. Recover by removing some. */
export class HubRowsExhausted extends Schema.TaggedError<HubRowsExhausted>()("HubRowsExhausted", {
  rows: Schema.String,
  limit: Schema.Int
}) {
  override get message(): string {
    return `there are ${this.limit} ${this.rows} already, and no more may be; remove one first`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A row that cannot be kept. */
export class HubRowUnfit extends Schema.TaggedError<HubRowUnfit>()("HubRowUnfit", {
  row: Schema.String,
  field: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.field} of this ${this.row} cannot be kept: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The file could not be read or written. */
export class HubStoreFailed extends Schema.TaggedError<HubStoreFailed>()("HubStoreFailed", {
  cause: JournalError.JournalError
}) {
  override get message(): string {
    return `what the hub keeps of accounts cannot be used: ${this.cause.message}`
  }
  get isRetryable(): boolean {
    return this.cause.isRetryable
  }
}

export class HubStoreError extends Schema.TaggedError<HubStoreError>()("HubStoreError", {
  reason: Schema.Union([
    AccountNameTaken,
    AccountUnknown,
    CredentialTaken,
    HubRowsExhausted,
    HubRowUnfit,
    HubStoreFailed
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: HubStoreError["reason"]): HubStoreError => new HubStoreError({ reason })
