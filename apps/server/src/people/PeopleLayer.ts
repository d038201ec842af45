/** What a hub has for people who sign in, on the store in its data folder. Composition only. */
import type { DeviceKey, Gate } from "@syncline/core"
import type { HubStore } from "@syncline/node/hub"
import { Layer } from "effect"
import type { HubIdentity } from "../status/HubIdentity.ts"
import * as Accounts from "./Accounts.ts"
import * as Endings from "./Endings.ts"
import * as Oidc from "./Oidc.ts"
import type { OidcSettings } from "./OidcSettings.ts"
import * as OpeningStore from "./OpeningStore.ts"
import * as Passkeys from "./Passkeys.ts"
import * as Passwords from "./Passwords.ts"
import * as Sessions from "./Sessions.ts"
import * as SigningIn from "./SigningIn.ts"
import * as SignInNews from "./SignInNews.ts"
import * as Tokens from "./Tokens.ts"

export type PeopleServices =
  | Accounts.Accounts
  | Endings.Endings
  | Oidc.Oidc
  | Passkeys.Passkeys
  | Sessions.Sessions
  | SigningIn.SigningIn
  | Tokens.Tokens

type Needed = DeviceKey.DeviceKey | Gate.Gate | HubIdentity

export interface PeopleOptions {
  readonly publicUrl: string | undefined
  readonly oidc: OidcSettings | undefined
}

/** A team's hub has a charter beside; accounts act as members of it. */
export const layerNoDeps = ({
  oidc: settings,
  publicUrl
}: PeopleOptions): Layer.Layer<PeopleServices, never, HubStore.HubStore | Needed> =>
  Layer.mergeAll(
    Accounts.Accounts.layer,
    Oidc.Oidc.layer({ publicUrl, settings }),
    Passkeys.Passkeys.layer({ publicUrl }),
    Sessions.Sessions.layer,
    SigningIn.SigningIn.layer,
    Tokens.Tokens.layer
  ).pipe(
    Layer.provideMerge(Endings.Endings.layer),
    Layer.provide(Layer.merge(Passwords.Passwords.layer, SignInNews.SignInNews.layer))
  )

/** With the store, which others beside people keep something in. */
export const layer = (
  folder: string,
  options: PeopleOptions
): Layer.Layer<PeopleServices | HubStore.HubStore, never, Needed> =>
  Layer.provideMerge(layerNoDeps(options), OpeningStore.layer(folder))
