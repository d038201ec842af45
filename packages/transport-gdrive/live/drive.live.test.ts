// The conformance suite against a real account. It signs in through the browser of whoever runs it, works in a folder of its own
// and deletes it. Needs SYNCLINE_DRIVE_CLIENT_ID and SYNCLINE_DRIVE_CLIENT_SECRET of an OAuth client of the kind Desktop app.
import { drive } from "@googleapis/drive"
import type { Mailbox } from "@syncline/core"
import { MailboxConformance } from "@syncline/core/testing"
import { Effect, Redacted } from "effect"
import { OAuth2Client } from "google-auth-library"
import { afterAll } from "vitest"
import { login } from "../src/DriveLogin.ts"
import { folderType } from "../src/DriveApi.ts"
import { fileProperties } from "../src/DriveNames.ts"
import { googleDrive } from "../src/GoogleDrive.ts"
import type { OAuthApp } from "../src/GoogleDriveOptions.ts"
import * as TokenStore from "../src/TokenStore.ts"

const given = (name: string): string => {
  const value = process.env[name]
  if (value === undefined || value === "") throw new Error(`set ${name}, as the README says`)
  return value
}

const app: OAuthApp = {
  clientId: given("SYNCLINE_DRIVE_CLIENT_ID"),
  clientSecret: Redacted.make(given("SYNCLINE_DRIVE_CLIENT_SECRET"))
}

const signIn = Effect.gen(function* () {
  const { tokens, url } = yield* login({ app })
  console.log(`Open this page in a browser on this machine:\n${url}`)
  return yield* tokens
}).pipe(Effect.scoped)

const tokens = await Effect.runPromise(signIn)
const client = drive({
  version: "v3",
  auth: new OAuth2Client({ credentials: { access_token: Redacted.value(tokens.accessToken!) } })
})
const folders: Array<string> = []

const setup = Effect.gen(function* () {
  const requestBody = { name: "Syncline live test", mimeType: folderType }
  const made = yield* Effect.promise(() => client.files.create({ requestBody, fields: "id" }))
  const folderId = made.data.id!
  folders.push(folderId)
  const mailbox = googleDrive({
    app,
    folderId,
    tokens: TokenStore.makeMemory(tokens),
    freshForMs: 0,
    pollEveryMs: 5_000
  })
  return {
    open: mailbox.open,
    plant: ({ owner, space }: Mailbox.MailboxPlace, name: string, bytes: Uint8Array) =>
      Effect.promise(async () => {
        const { Readable } = await import("node:stream")
        const body = Readable.from([Buffer.from(bytes)])
        await client.files.create({
          requestBody: { name, parents: [folderId], appProperties: { ...fileProperties(space, owner, name) } },
          media: { mimeType: "application/octet-stream", body }
        })
      }),
    seenMsMax: 30_000
  }
})

afterAll(async () => {
  for (const fileId of folders) await client.files.delete({ fileId })
})

MailboxConformance.mailboxConformance("gdrive, live", setup)
