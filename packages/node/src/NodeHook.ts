/**
 * Hooks as functions that may return promises, for programs that do not use Effect. It translates and nothing else:
 * order, limits and failures are core's business.
 */
import { Hook, type Orchestrator, type OrchestratorError } from "@syncline/core"
import { Effect, type Scope } from "effect"

/** What is called with a change; a promise that it returns is awaited. The signal is aborted when the call is given up. */
export type Handler<Change> = (change: Change, signal: AbortSignal) => unknown

export interface NodeHook {
  /** For logs, metrics and `HookFailed`: 1 to 64 characters; default "hook". */
  readonly name?: string
  /** After a local transaction became durable. */
  readonly onCommit?: Handler<Hook.CommittedChange>
  /** After commits of a peer became durable. */
  readonly onApplied?: Handler<Hook.AppliedChange>
  /** Tell everything after this place, e.g. after a change that was stored; absent: what comes from now on. */
  readonly from?: Hook.Hook["from"]
  /** How long one call may take, 1 to 86,400,000 ms; default 30,000. */
  readonly callMsMax?: number
}

const nameDefault = "hook"

/** What is wrong with a hook's name or limit, if anything. */
export const problem = ({ callMsMax, name = nameDefault }: NodeHook): string | undefined =>
  Hook.problem({ name, callMsMax })

/** Registers the hook; every call waits for `opened` first. */
export const register = (
  orchestrator: Orchestrator.Orchestrator["Service"],
  { callMsMax, from, name = nameDefault, onApplied, onCommit }: NodeHook,
  opened: Effect.Effect<void>
): Effect.Effect<void, OrchestratorError.OrchestratorError, Scope.Scope> =>
  orchestrator.hook({
    name,
    from,
    callMsMax,
    onCommit: onCommit && ((change) => Effect.andThen(opened, answerOf(onCommit, change))),
    onApplied: onApplied && ((change) => Effect.andThen(opened, answerOf(onApplied, change)))
  })

// What the function throws or rejects with comes as a defect, which core reports like any failure of a hook.
const answerOf = <Change>(handler: Handler<Change>, change: Change): Effect.Effect<unknown> =>
  Effect.promise(async (signal) => handler(change, signal))
