/**
 * The login to Google Drive of a data folder: `<folder>/drive.json`, for its owner only. Whose it is can be read there; tokens and
 * the OAuth client's secret are sealed for the device's own key, and so are under its passphrase where it has one. Getting and
 * renewing tokens is the business of `@syncline/transport-gdrive`.
 */
import { randomBytes } from "node:crypto"
import { join, resolve } from "node:path"
import { FileSeal } from "@syncline/core"
import { DeviceKeyFile, GuardedState } from "@syncline/node"
import { type OAuthApp, type TokenStore, TokenStoreError } from "@syncline/transport-gdrive"
import { Clock, Effect, Redacted, Result, Schema } from "effect"
import { because, type CliError } from "./CliError.ts"
import { DriveFileUnusable } from "./DriveError.ts"
import * as FolderKey from "./FolderKey.ts"

const Login = Schema.Struct({
  version: Schema.Literal(1),
  /** Another one with each login. */
  login: Schema.String,
  clientId: Schema.String,
  /** Mail address of the account, or its id. */
  account: Schema.String,
  /** When somebody signed in, in milliseconds since 1970. */
  sinceMs: Schema.Int,
  /** What is secret, as an age file for this device in Base64. */
  sealed: Schema.String
})
export type Login = typeof Login.Type

const Secrets = Schema.fromJsonString(
  Schema.Struct({
    clientSecret: Schema.String,
    refreshToken: Schema.String,
    accessToken: Schema.NullOr(Schema.String),
    expiresAtMs: Schema.Int
  })
)
type Secrets = typeof Secrets.Type

/** All that is kept of a login needs far less. */
const fileBytesMax = 65_536

export const loginFile = (folder: string): string => join(resolve(folder), "drive.json")

const stateOf = (folder: string) =>
  GuardedState.make<Login | null, string>({
    path: loginFile(folder),
    schema: Schema.NullOr(Login),
    empty: null,
    bytesMax: fileBytesMax,
    foreign: "it holds no login of this version; remove it and sign in again",
    failed: (problem) => problem
  })

const unusable =
  (folder: string) =>
  (problem: string): CliError =>
    because(new DriveFileUnusable({ path: loginFile(folder), problem }))

/** Whose login there is, without opening anything secret. */
export const read = (folder: string): Effect.Effect<Login | null, CliError> =>
  Effect.mapError(stateOf(folder).state, unusable(folder))

/** Keeps a new login in the place of another one. */
export const keep = Effect.fnUntraced(function* (
  folder: string,
  {
    account,
    app,
    tokens
  }: { readonly account: string; readonly app: OAuthApp; readonly tokens: TokenStore.DriveTokens }
) {
  const seal = yield* sealOf(folder)
  const login: Login = {
    version: 1,
    login: randomBytes(8).toString("hex"),
    clientId: app.clientId,
    account,
    sinceMs: yield* Clock.currentTimeMillis,
    sealed: yield* seal.close(secretsOf(app.clientSecret, tokens))
  }
  yield* Effect.mapError(
    stateOf(folder).change(() => ({ answer: undefined, state: login })),
    unusable(folder)
  )
  return login
})

/** Forgets the login, its tokens and the OAuth client's secret. */
export const forget = (folder: string): Effect.Effect<void, CliError> =>
  Effect.mapError(
    stateOf(folder).change(() => ({ answer: undefined, state: null })),
    unusable(folder)
  )

export interface Opened {
  readonly app: OAuthApp
  /** Reads what is there then, also what another process has written, and keeps what is of the login that it has read. */
  readonly tokens: TokenStore.TokenStore
}

/** What a mailbox takes. Without a login it has no tokens to give, and an OAuth client that is none. */
export const open = Effect.fnUntraced(function* (folder: string) {
  const login = yield* read(folder)
  const seal = yield* sealOf(folder)
  const secrets = login === null ? undefined : yield* seal.open(login.sealed)
  const app: OAuthApp = {
    clientId: login?.clientId ?? "",
    clientSecret: Redacted.make(secrets?.clientSecret ?? "", { label: "client secret" })
  }
  const opened: Opened = { app, tokens: storeOf(folder, seal, app) }
  return opened
})

const storeOf = (folder: string, seal: Seal, app: OAuthApp): TokenStore.TokenStore => {
  const state = stateOf(folder)
  const failed = (problem: string) => new TokenStoreError({ problem: `${loginFile(folder)}: ${problem}` })
  let own: string | undefined
  return {
    load: Effect.gen(function* () {
      const login = yield* Effect.mapError(state.state, failed)
      if (login === null) return undefined
      const secrets = yield* seal.open(login.sealed)
      if (secrets === undefined) return yield* Effect.fail(failed("it is sealed for another device, or damaged"))
      own = login.login
      return tokensOf(secrets)
    }),
    save: Effect.fnUntraced(function* (tokens) {
      const sealed = yield* seal.close(secretsOf(app.clientSecret, tokens))
      // Who signed in anew or out meanwhile is not to find the login from before again.
      yield* Effect.mapError(
        state.change((login) => ({
          answer: undefined,
          state: login === null || login.login !== own ? login : { ...login, sealed }
        })),
        failed
      )
    })
  }
}

const secretsOf = (clientSecret: Redacted.Redacted<string>, tokens: TokenStore.DriveTokens): Secrets => ({
  clientSecret: Redacted.value(clientSecret),
  refreshToken: Redacted.value(tokens.refreshToken),
  accessToken: tokens.accessToken === undefined ? null : Redacted.value(tokens.accessToken),
  expiresAtMs: Math.round(tokens.expiresAtMs)
})

const tokensOf = ({ accessToken, expiresAtMs, refreshToken }: Secrets): TokenStore.DriveTokens => ({
  refreshToken: Redacted.make(refreshToken, { label: "refresh token" }),
  accessToken: accessToken === null ? undefined : Redacted.make(accessToken, { label: "access token" }),
  expiresAtMs
})

interface Seal {
  readonly close: (secrets: Secrets) => Effect.Effect<string>
  /** Nothing for what is sealed for another device, or damaged. */
  readonly open: (sealed: string) => Effect.Effect<Secrets | undefined>
}

/** Seals for the device of the folder, whose key may ask for its passphrase. */
const sealOf = Effect.fnUntraced(function* (folder: string) {
  const seed = yield* FolderKey.load(folder)
  const files = FileSeal.ofSeed(Redacted.value(seed))
  const { peer } = DeviceKeyFile.deviceKey(seed)
  const seal: Seal = {
    close: (secrets) =>
      Effect.map(files.seal(Buffer.from(JSON.stringify(secrets)), [peer]), (sealed) =>
        Buffer.from(sealed).toString("base64")
      ),
    open: (sealed) =>
      Effect.map(files.open(Buffer.from(sealed, "base64")), (bytes) => {
        if (bytes === undefined) return undefined
        const decoded = Schema.decodeUnknownResult(Secrets)(Buffer.from(bytes).toString("utf8"))
        return Result.isSuccess(decoded) ? decoded.success : undefined
      })
  }
  return seal
})
