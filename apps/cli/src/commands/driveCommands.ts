/**
 * `syncline drive login`, `logout` and `status`: the one login to Google Drive that a device has. They open no browser: Google's page
 * is shown as an address, for a browser on this machine. Using the login is the business of `road add drive`, `sync` and `watch`.
 */
import { readFileSync, statSync } from "node:fs"
import { resolve } from "node:path"
import { DeviceKeyFile } from "@syncline/node"
import * as gdrive from "@syncline/transport-gdrive"
import { Effect, Redacted, Result, Schema } from "effect"
import { because, UsageInvalid } from "../CliError.ts"
import * as DriveLoginFile from "../DriveLoginFile.ts"
import { Google } from "../Google.ts"
import { command } from "../Invocation.ts"
import { Output } from "../Output.ts"
import * as PointInTime from "../PointInTime.ts"
import { deviceOf } from "./roadCommands.ts"

interface On {
  readonly data: string
}

interface Client {
  readonly clientFile: string | undefined
  readonly clientId: string | undefined
  readonly clientSecret: string | undefined
}

export const login = Effect.fnUntraced(function* (input: On & Client & { readonly timeout: number }) {
  const output = yield* Output
  const { data, timeout } = input
  const device = yield* deviceOf(data)
  const { endpoints } = yield* Google
  const place = endpoints === undefined ? {} : { endpoints }
  // Before a person goes to Google's page: the key may ask for its passphrase, and the file may be damaged.
  const app = yield* appOf(input, yield* DriveLoginFile.open(data))
  const { tokens, url } = yield* gdrive.login({ app, ...place, waitMsMax: timeout * 1_000 })
  yield* output.line({ page: url }, `Open this page in a browser on this machine:\n${url}`)
  yield* output.note(waiting(url, timeout))
  const given = yield* tokens
  const store = gdrive.TokenStore.makeMemory(given)
  const account = yield* gdrive.driveAccount({ app, tokens: store, ...place })
  // The first request may have renewed them.
  const renewed = (yield* Effect.orElseSucceed(store.load, () => given)) ?? given
  yield* DriveLoginFile.keep(data, { account: account.address, app, tokens: renewed })
  yield* output.line(
    { account: account.address, data: resolve(data) },
    `Signed in to the Google Drive of ${account.address}.`
  )
  const others = (device.mailboxes ?? []).filter(
    (kept) => kept.kind === "gdrive" && kept.account !== account.address && kept.account !== account.id
  )
  for (const kept of others) {
    if (kept.kind !== "gdrive") continue
    yield* output.note(`A road of this device is of ${kept.account}, which this login cannot use.`)
  }
  yield* output.note(`Next:\n  ${command(`road add drive --data ${data}`)}`)
}, Effect.scoped)

/** How long it waits, and what to do where the browser is on another machine. */
const waiting = (url: string, seconds: number): string => {
  const door = new URL(url).searchParams.get("redirect_uri") ?? ""
  const port = URL.canParse(door) ? new URL(door).port : ""
  return (
    `Waiting for ${seconds} s at most; Ctrl-C ends it. Where this machine has no browser, first run on the one that has:\n` +
    `  ssh -L ${port}:127.0.0.1:${port} <this machine>`
  )
}

/** The OAuth client that was named, or the one of the login before. */
const appOf = Effect.fnUntraced(function* (
  { clientFile, clientId, clientSecret }: Client,
  { app: known }: DriveLoginFile.Opened
) {
  if (clientFile !== undefined) {
    if (clientId === undefined && clientSecret === undefined) return yield* clientIn(clientFile)
    return yield* because(new UsageInvalid({ problem: "Name the OAuth client by --client-file, or by id and secret" }))
  }
  if (clientId !== undefined && clientSecret !== undefined) {
    return { clientId, clientSecret: Redacted.make(clientSecret, { label: "client secret" }) }
  }
  if (clientId !== undefined || clientSecret !== undefined) {
    return yield* because(new UsageInvalid({ problem: "An OAuth client has both, --client-id and --client-secret" }))
  }
  if (known.clientId !== "" && Redacted.value(known.clientSecret) !== "") return known
  const problem =
    "Name your OAuth client with --client-file <file>: the JSON file that Google's console gives for a client of the kind " +
    "Desktop app. How to make one, once for all of your devices, is told in packages/transport-gdrive/README.md"
  return yield* because(new UsageInvalid({ problem }))
})

const ClientFile = Schema.fromJsonString(
  Schema.Struct({
    installed: Schema.Struct({ client_id: Schema.NonEmptyString, client_secret: Schema.NonEmptyString })
  })
)
/** Such a file has some hundred bytes. */
const clientBytesMax = 16_384

const clientIn = Effect.fnUntraced(function* (file: string) {
  const text = yield* Effect.try({
    try: () => (statSync(file).size > clientBytesMax ? "" : readFileSync(file, "utf8")),
    catch: (error) => because(new UsageInvalid({ problem: `${file} cannot be read: ${String(error)}` }))
  })
  const decoded = Schema.decodeUnknownResult(ClientFile)(text)
  // What is wrong with it is not repeated: a secret may stand there.
  if (Result.isFailure(decoded)) {
    const problem = `${file} is no OAuth client of the kind Desktop app, as Google's console gives it`
    return yield* because(new UsageInvalid({ problem }))
  }
  const { client_id, client_secret } = decoded.success.installed
  return { clientId: client_id, clientSecret: Redacted.make(client_secret, { label: "client secret" }) }
})

export const logout = Effect.fnUntraced(function* ({ data, isLocal }: On & { readonly isLocal: boolean }) {
  const output = yield* Output
  yield* deviceOf(data)
  const login = yield* DriveLoginFile.read(data)
  if (login === null) {
    return yield* output.result({ account: null, revoked: false }, "Nobody was signed in; nothing changed.")
  }
  const problem = isLocal ? null : yield* takenBack(data)
  yield* DriveLoginFile.forget(data)
  const text = `Signed out of the Google Drive of ${login.account}; its tokens are gone from this device.`
  yield* output.result({ account: login.account, revoked: !isLocal && problem === null }, text)
  if (isLocal) return
  yield* output.note(
    problem === null
      ? "Google took the access back, which may end logins of your other devices by the same OAuth client: sign in there again."
      : `Google was not told: ${problem}. Take the access back yourself at https://myaccount.google.com/permissions`
  )
})

/** Why Google did not take the login back; nothing where it did. */
const takenBack = Effect.fnUntraced(function* (data: string) {
  const { app, tokens } = yield* DriveLoginFile.open(data)
  const { endpoints } = yield* Google
  const kept = yield* Effect.result(tokens.load)
  if (Result.isFailure(kept)) return kept.failure.message
  if (kept.success === undefined) return null
  const { refreshToken } = kept.success
  return yield* gdrive.logout({ app, refreshToken, ...(endpoints === undefined ? {} : { endpoints }) }).pipe(
    Effect.as(null),
    Effect.catch(({ message }) => Effect.succeed(message))
  )
})

export const status = Effect.fnUntraced(function* ({ data }: On) {
  const output = yield* Output
  const { mailboxes = [] } = yield* deviceOf(data)
  const login = yield* DriveLoginFile.read(data)
  if (login === null) {
    yield* output.result({ account: null }, "Nobody is signed in to Google Drive on this device.")
    return yield* output.note(`Sign in with:\n  ${command(`drive login --data ${data}`)}`)
  }
  const { account, clientId, sinceMs } = login
  const isProtected = yield* DeviceKeyFile.isProtected(data)
  const roads = mailboxes.filter((kept) => kept.kind === "gdrive" && kept.account === account).length
  const lines = [
    ["Account", account],
    ["Since", PointInTime.printMs(sinceMs)],
    ["Client", clientId],
    [
      "Tokens",
      `in ${DriveLoginFile.loginFile(data)}, sealed for this device's key, which is under ${isProtected ? "a" : "no"} passphrase`
    ],
    ["Roads", String(roads)]
  ]
  yield* output.result(
    { account, clientId, sinceMs, protected: isProtected, roads },
    lines.map(([name, value]) => `${`${name}:`.padEnd(9)}${value}`).join("\n")
  )
  if (roads === 0) yield* output.note(`Use it with:\n  ${command(`road add drive --data ${data}`)}`)
})
