/**
 * Google Drive as a process of its own: the server on this machine that `@syncline/transport-gdrive` has for tests, with two devices
 * signed in. It tells on standard output where it is and what they sign in with, a JSON object, and stays until it is ended.
 */
import { DriveFake } from "@syncline/transport-gdrive/testing"
import { Effect, Redacted } from "effect"

/** What a device needs to use it. All of it is made up. */
export interface DriveLogin {
  readonly endpoints: DriveFake.DriveFake["endpoints"]
  readonly clientId: string
  readonly clientSecret: string
  readonly account: string
  readonly refreshToken: string
}

const account = "mia@example.com"

const serve = Effect.gen(function* () {
  const { app, endpoints, signIn } = yield* DriveFake.make({ account })
  const logins = ["a", "b"].map((device): DriveLogin => ({
    endpoints,
    account,
    clientId: app.clientId,
    clientSecret: Redacted.value(app.clientSecret),
    refreshToken: Redacted.value(signIn(device).refreshToken)
  }))
  console.log(JSON.stringify(logins))
  return yield* Effect.never
})

process.on("SIGTERM", () => process.exit(0))
await Effect.runPromise(Effect.scoped(serve))
