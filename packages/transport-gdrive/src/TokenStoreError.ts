/**
 * Why tokens could not be read or kept.
 */
import { Schema } from "effect"

/** Says in words without any token what is wrong with the file or keyring; trying again is safe. */
export class TokenStoreError extends Schema.TaggedError<TokenStoreError>()("TokenStoreError", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the tokens for Google Drive cannot be read or kept: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}
