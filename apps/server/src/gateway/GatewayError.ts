/** Why a gateway cannot keep or give something. */
import { WriteError } from "@syncline/core"
import { Schema } from "effect"

/** A text is larger than what is kept in pieces. The client sends less. */
export class TextTooLarge extends Schema.TaggedError<TextTooLarge>()("TextTooLarge", {
  bytes: Schema.Int,
  max: Schema.Int
}) {
  override get message(): string {
    return `it has ${this.bytes} bytes, and at most ${this.max} are kept`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Pieces of a text are not here yet, or are of another version: another hub's records are on their way. Ask again. */
export class PiecesMissing extends Schema.TaggedError<PiecesMissing>()("PiecesMissing", {
  id: Schema.String
}) {
  override get message(): string {
    return `not all pieces of ${this.id} are here yet; ask again`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Records could not be read or written, or the node does not tell of changes. As the problem says. */
export class GatewayStoreFailed extends Schema.TaggedError<GatewayStoreFailed>()("GatewayStoreFailed", {
  problem: Schema.String,
  isRetryable: Schema.Boolean
}) {
  override get message(): string {
    return this.problem
  }
}

/** The gateway keeps as much of this as it may. The operator takes something out, or leaves it. */
export class GatewayFull extends Schema.TaggedError<GatewayFull>()("GatewayFull", {
  what: Schema.String,
  max: Schema.Int
}) {
  override get message(): string {
    return `at most ${this.max} ${this.what} are kept here`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class GatewayError extends Schema.TaggedError<GatewayError>()("GatewayError", {
  reason: Schema.Union([TextTooLarge, PiecesMissing, GatewayFull, GatewayStoreFailed, WriteError.QuotaExceeded])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: GatewayError["reason"]): GatewayError => new GatewayError({ reason })

/** The boundary's error of a failure of the hub's node. That a quota is used up is told as what it is. */
export const ofStore = ({
  isRetryable,
  message,
  reason
}: {
  readonly message: string
  readonly isRetryable: boolean
  readonly reason?: unknown
}): GatewayError =>
  because(
    reason instanceof WriteError.QuotaExceeded ? reason : new GatewayStoreFailed({ problem: message, isRetryable })
  )
