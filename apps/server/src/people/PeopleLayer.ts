/** What a hub has for people who sign in, on the store in its data folder. Composition only. */
import type { DeviceKey, Gate } from "@syncline/core"
import type { HubStore } from "@syncline/node/hub"
import { Layer } from "effect"
import * as Accounts from "./Accounts.ts"
import * as Endings from "./Endings.ts"
import * as OpeningStore from "./OpeningStore.ts"
import * as Passwords from "./Passwords.ts"
import * as Sessions from "./Sessions.ts"
import * as SigningIn from "./SigningIn.ts"
import * as SignInNews from "./SignInNews.ts"
import * as Tokens from "./Tokens.ts"

export type PeopleServices =
  | Accounts.Accounts
  | Endings.Endings
  | Sessions.Sessions
  | SigningIn.SigningIn
  | Tokens.Tokens

/** A team's hub has a charter beside; accounts act as members of it. */
export const layerNoDeps: Layer.Layer<PeopleServices, never, HubStore.HubStore | DeviceKey.DeviceKey | Gate.Gate> =
  Layer.mergeAll(Accounts.Accounts.layer, Sessions.Sessions.layer, SigningIn.SigningIn.layer, Tokens.Tokens.layer).pipe(
    Layer.provideMerge(Endings.Endings.layer),
    Layer.provide(Layer.merge(Passwords.Passwords.layer, SignInNews.SignInNews.layer))
  )

/** With the store, which others beside people keep something in. */
export const layer = (
  folder: string
): Layer.Layer<PeopleServices | HubStore.HubStore, never, DeviceKey.DeviceKey | Gate.Gate> =>
  Layer.provideMerge(layerNoDeps, OpeningStore.layer(folder))
