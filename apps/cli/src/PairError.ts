/** Why two devices were not paired, as far as the command line is to blame; reasons of `CliError`. */
import * as Schema from "effect/Schema"
import { command } from "./Invocation.ts"

/** What the inviting device granted makes no sense here. Use one version of the program on both. */
export class GrantUnusable extends Schema.TaggedError<GrantUnusable>()("GrantUnusable", { problem: Schema.String }) {
  override get message(): string {
    return `What the other device granted cannot be kept: ${this.problem}. Nothing was kept.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The terminal that made the code did not act on the answer; it may have ended. Make a new code. */
export class InviterGone extends Schema.TaggedError<InviterGone>()("InviterGone", { name: Schema.String }) {
  override get message(): string {
    const again = command("pair new")
    return `Nobody acted on the answer about ${this.name}: the terminal that made the code has ended. Make a new one: ${again}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The team is not what it was when the code was made; nobody was let in. Make a new code. */
export class TeamChanged extends Schema.TaggedError<TeamChanged>()("TeamChanged", { problem: Schema.String }) {
  override get message(): string {
    const again = command("pair new")
    return `The team was changed since the code was made: ${this.problem}. Nobody was let in; make a new code: ${again}`
  }
  get isRetryable(): boolean {
    return false
  }
}
