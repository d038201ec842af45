/**
 * Why a transport could not listen, dial or carry a frame. No library's own error crosses this boundary.
 */
import { Schema } from "effect"

/** Nobody answers at the address, or the way there is broken. The dialler tries again by itself. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", {
  address: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `cannot reach ${this.address}: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Whoever listens at the address takes nobody more just now. The dialler tries again by itself, and sooner than where nobody answers. */
export class ListenerBusy extends Schema.TaggedError<ListenerBusy>()("ListenerBusy", {
  address: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.address} takes nobody more just now: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The address is not one of this transport's. Mend the route's address. */
export class AddressInvalid extends Schema.TaggedError<AddressInvalid>()("AddressInvalid", {
  address: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.address} is no address for this transport: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The address to listen on is taken or not allowed. Choose another port, or stop whoever uses it. */
export class AddressInUse extends Schema.TaggedError<AddressInUse>()("AddressInUse", {
  address: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `cannot listen on ${this.address}: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The link has ended; frames that were not acknowledged may be lost. A new link continues from the cursors. */
export class LinkClosed extends Schema.TaggedError<LinkClosed>()("LinkClosed", { problem: Schema.String }) {
  override get message(): string {
    return `the link is closed: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** A frame larger than the transport carries; nothing of it was sent. */
export class FrameRefused extends Schema.TaggedError<FrameRefused>()("FrameRefused", {
  bytes: Schema.Int,
  bytesMax: Schema.Int
}) {
  override get message(): string {
    return `a frame of ${this.bytes} bytes exceeds the transport's ${this.bytesMax}`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class TransportError extends Schema.TaggedError<TransportError>()("TransportError", {
  transport: Schema.String,
  reason: Schema.Union([Unreachable, ListenerBusy, AddressInvalid, AddressInUse, LinkClosed, FrameRefused])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
