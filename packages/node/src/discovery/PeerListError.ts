/**
 * Why a list of peers could not be had: it may not be called, nobody answers, or what comes is none. What an entry of a list lacks is
 * no error; such an entry is left out.
 */
import { Schema } from "effect"

/** The list's address, or one that it names, is none that is called: it is not https, or not on the internet. */
export class ListAddressRefused extends Schema.TaggedError<ListAddressRefused>()("ListAddressRefused", {
  url: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.url} is not called: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Nobody answered in time, or not with a list. */
export class ListUnreachable extends Schema.TaggedError<ListUnreachable>()("ListUnreachable", {
  url: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `the list of peers at ${this.url} cannot be had: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** What came is no list of peers. */
export class ListMalformed extends Schema.TaggedError<ListMalformed>()("ListMalformed", {
  url: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `what ${this.url} gives is no list of peers: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class PeerListError extends Schema.TaggedError<PeerListError>()("PeerListError", {
  reason: Schema.Union([ListAddressRefused, ListUnreachable, ListMalformed])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
