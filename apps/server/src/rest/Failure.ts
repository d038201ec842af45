/** What everything fails with that an endpoint may run: the frame makes problems of it. It knows no endpoint. */

/** Failures at the boundaries of the workspace: words for people, and a reason with a name. */
export interface Failure {
  readonly message: string
  readonly reason: {
    readonly _tag: string
    /** After how many milliseconds it makes sense to try again. */
    readonly retryAfterMs?: number
  }
}
