/**
 * Why bytes from a peer are no frame of ours. Each is final for the link: the sender is broken or hostile, so the
 * session ends and nothing of the frame is used.
 */
import { Schema } from "effect"

/** The frame exceeds `frameBytesMax`, before or after decompression. */
export class FrameTooLarge extends Schema.TaggedError<FrameTooLarge>()("FrameTooLarge", {
  bytes: Schema.Int,
  bytesMax: Schema.Int
}) {
  override get message(): string {
    return `a frame of ${this.bytes} bytes exceeds ${this.bytesMax}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The frame nests deeper than any message does. */
export class FrameTooDeep extends Schema.TaggedError<FrameTooDeep>()("FrameTooDeep", { depthMax: Schema.Int }) {
  override get message(): string {
    return `a frame nests deeper than ${this.depthMax}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The bytes are no MessagePack, or not of the shape of the message they claim to be. */
export class FrameMalformed extends Schema.TaggedError<FrameMalformed>()("FrameMalformed", { problem: Schema.String }) {
  override get message(): string {
    return `malformed frame: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The message has a tag that this protocol version does not have. */
export class MessageUnknown extends Schema.TaggedError<MessageUnknown>()("MessageUnknown", { tag: Schema.String }) {
  override get message(): string {
    return `unknown message ${this.tag}`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class WireError extends Schema.TaggedError<WireError>()("WireError", {
  reason: Schema.Union([FrameTooLarge, FrameTooDeep, FrameMalformed, MessageUnknown])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return false
  }
}
