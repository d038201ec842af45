/**
 * Why the orchestrator refused a command.
 */
import { Schema } from "effect"
import { JournalError } from "../journal/JournalError.ts"
import { TransportError } from "../transport/TransportError.ts"

/** The command names a peer or route that is not known here. */
export class RouteUnknown extends Schema.TaggedError<RouteUnknown>()("RouteUnknown", { name: Schema.String }) {
  override get message(): string {
    return `there is no route or session for ${this.name}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The route table is full. */
export class RoutesExhausted extends Schema.TaggedError<RoutesExhausted>()("RoutesExhausted", {
  routesMax: Schema.Int
}) {
  override get message(): string {
    return `a node has at most ${this.routesMax} routes; remove one first`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A node cannot sync so often, or in such a mode. */
export class IntervalUnfit extends Schema.TaggedError<IntervalUnfit>()("IntervalUnfit", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
  get isRetryable(): boolean {
    return false
  }
}

/** As many peers are paused as a node keeps in mind. */
export class PausesExhausted extends Schema.TaggedError<PausesExhausted>()("PausesExhausted", {
  pausedPeersMax: Schema.Int
}) {
  override get message(): string {
    return `at most ${this.pausedPeersMax} peers can be paused; resume one first, or let the policy refuse them`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A hook was to go on from a place that this journal does not have. */
export class HookPlaceUnknown extends Schema.TaggedError<HookPlaceUnknown>()("HookPlaceUnknown", {
  /** As it was given: a program may read it from a file, and then it need not be a number. */
  place: Schema.Unknown,
  head: Schema.Int
}) {
  override get message(): string {
    return `the journal has no place ${JSON.stringify(this.place) ?? "(none)"} of the journal that the hook was in; its newest is ${this.head}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** As many hooks as a node calls are registered. */
export class HooksExhausted extends Schema.TaggedError<HooksExhausted>()("HooksExhausted", {
  hooksMax: Schema.Int
}) {
  override get message(): string {
    return `a node has at most ${this.hooksMax} hooks; take one away first`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class OrchestratorError extends Schema.TaggedError<OrchestratorError>()("OrchestratorError", {
  reason: Schema.Union([
    RouteUnknown,
    RoutesExhausted,
    IntervalUnfit,
    PausesExhausted,
    HookPlaceUnknown,
    HooksExhausted,
    TransportError,
    JournalError
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
