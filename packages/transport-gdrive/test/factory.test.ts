// The value itself: its options, what it says of itself, and what stands in the specification.
import { expect, it } from "@effect/vitest"
import { Redacted } from "effect"
import { readFileSync } from "node:fs"
import { ofError, reasons } from "../src/DriveFailure.ts"
import { googleDrive } from "../src/GoogleDrive.ts"
import type { GoogleDriveOptions } from "../src/GoogleDriveOptions.ts"
import * as TokenStore from "../src/TokenStore.ts"
import { mailbox } from "./signIn.ts"

const app = { clientId: "id", clientSecret: Redacted.make("the secret") }
const make = (options: Partial<GoogleDriveOptions> = {}) =>
  googleDrive({ app, tokens: TokenStore.makeMemory(), ...options })

it("[GD-1] says what it is: name, capabilities, and an address for people", () => {
  expect(make()).toMatchObject({
    name: "gdrive",
    capabilities: { kind: "mailbox", flushAfterMs: 2_000, pollEveryMs: 15_000 },
    address: "Google Drive: Syncline"
  })
  expect(make({ folderId: "1AbC-dEf_234" }).address).toBe("Google Drive: folder 1AbC-dEf_234")
})

it("[GD-1] options have bounds, and no token leaves over a foreign network in the clear", () => {
  for (const wrong of [
    { pollEveryMs: 99 },
    { pollEveryMs: 3_600_001 },
    { freshForMs: -1 },
    { freshForMs: 60_001 },
    { requestMsMax: 1.5 },
    { folderId: "it's" },
    { endpoints: { api: "http://drive.example/" } },
    { endpoints: { token: "ftp://127.0.0.1/" } },
    { endpoints: { consent: "nowhere" } }
  ]) {
    expect(() => make(wrong)).toThrow(RangeError)
  }
  expect(() => make({ endpoints: { api: "http://127.0.0.1:80/", token: "https://proxy.example/" } })).not.toThrow()
})

it("the README shows test/signIn.ts as it is, and it makes a mailbox", () => {
  const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8")
  expect(/```ts\n([\s\S]*?)```/.exec(read("README.md"))?.[1]).toBe(read("test/signIn.ts"))
  expect(mailbox(app, TokenStore.makeMemory()).name).toBe("gdrive")
})

it("[GD-16] Google's reasons in code and specification are the same", () => {
  const text = readFileSync(new URL("../SPEC.md", import.meta.url), "utf8")
  const section = text.slice(text.indexOf("## What Google answers"), text.indexOf("## Errors"))
  const rows = [...section.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, reason, kind]) => [reason, kind])
  const meanings = { busy: "MailboxBusy", full: "MailboxFull", denied: "MailboxDenied" }
  expect(rows).toEqual(Object.entries(reasons).map(([reason, { kind }]) => [reason, meanings[kind]]))
})

it("[GD-15] a date to wait for is compared with the date of the answer", () => {
  const busy = (after: string, date: string) =>
    ofError({ response: { status: 429, data: {}, headers: new Headers({ "retry-after": after, date }) } }).afterMs
  const date = "Sun, 22 Nov 2026 10:00:00 GMT"
  expect(busy("Sun, 22 Nov 2026 10:00:30 GMT", date)).toBe(30_000)
  expect(busy("Sun, 22 Nov 2026 09:00:00 GMT", date)).toBe(0)
  expect(busy("99999999999", date)).toBe(86_400_000)
  expect(busy("soon", date)).toBe(0)
})

it("[GD-19] an answer that is no answer of Google's is put into words of ours", () => {
  const page = "<html>sign in with access-secret-1 to the hotel's network</html>"
  for (const status of [302, 403, 511]) {
    const { kind, problem } = ofError({ response: { status, data: page, headers: new Headers() }, message: page })
    expect(problem.startsWith(`Google Drive answered ${status}`)).toBe(true)
    expect(kind).toBe(status === 403 ? "denied" : status === 511 ? "unreachable" : "refused")
    expect(problem).not.toContain("secret")
  }
})
