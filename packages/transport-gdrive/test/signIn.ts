// Signs in once, then makes a mailbox. `store` keeps the tokens, for this user of the machine only.
import type { Mailbox } from "@syncline/core"
import { type DriveLoginOptions, googleDrive, login, type OAuthApp, type TokenStore } from "@syncline/transport-gdrive"
import { Effect } from "effect"

export const signIn = Effect.fnUntraced(function* (options: DriveLoginOptions, store: TokenStore.TokenStore) {
  const { tokens, url } = yield* login(options) // { app }
  console.log(`Open this page in a browser on this machine: ${url}`)
  yield* store.save(yield* tokens)
}, Effect.scoped)

export const mailbox = (app: OAuthApp, store: TokenStore.TokenStore): Mailbox.Mailbox =>
  googleDrive({ app, tokens: store })
