/**
 * What the audit hears of signing in: who did, and who tried. A name that no account has is not repeated, for it may be a password that
 * somebody typed into the wrong place.
 */
import { Charter, DeviceKey, Gate } from "@syncline/core"
import { Context, Effect, Layer, Option } from "effect"
import type { Caller } from "./Sessions.ts"

/** How somebody tried: by a password, a link, a passkey, another service, or as the first of all. */
export type Way = "setup" | "password" | "link" | "passkey" | "oidc"

export class SignInNews extends Context.Service<
  SignInNews,
  {
    readonly signedIn: (name: string, way: Way, caller: Caller) => Effect.Effect<void>
    readonly refused: (name: string | undefined, way: Way, caller: Caller) => Effect.Effect<void>
  }
>()("@syncline/server/people/SignInNews") {
  static readonly layer: Layer.Layer<SignInNews, never, DeviceKey.DeviceKey | Gate.Gate> = Layer.effect(
    SignInNews,
    Effect.gen(function* () {
      const gate = yield* Gate.Gate
      const { peer } = yield* DeviceKey.DeviceKey
      const charter = yield* Effect.serviceOption(Charter.Charter)
      const decisionOf = (allowed: boolean, way: Way, because: string) => ({
        allowed,
        rule: `hub/signin.${way}`,
        policyVersion: Option.match(charter, { onNone: () => 0, onSome: (team) => team.state().version }),
        because
      })
      return {
        signedIn: (name, way, { remote }) =>
          gate.audit({
            action: "signin",
            peer,
            decision: decisionOf(true, way, words[way].good),
            detail: `${name} from ${remote}`,
            behalf: name
          }),
        refused: (name, way, { remote }) =>
          gate.audit({
            action: "signin",
            peer,
            decision: decisionOf(false, way, words[way].bad),
            detail: `${name ?? "nobody known"} from ${remote}`
          })
      }
    })
  )
}

const words: { readonly [W in Way]: { readonly good: string; readonly bad: string } } = {
  setup: { good: "the first account was made", bad: "no good setup token" },
  password: { good: "by a password", bad: "name and password do not go together" },
  link: { good: "by a one-time link", bad: "no good link" },
  passkey: { good: "by a passkey", bad: "no good passkey" },
  oidc: { good: "by another service", bad: "nobody whom the other service vouches for" }
}
