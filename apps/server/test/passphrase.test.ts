/**
 * A hub whose key is under a passphrase.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { DeviceKeyFile } from "@syncline/node"
import { Effect, Redacted } from "effect"
import { expect, it } from "vitest"
import { failHub, startHub, temporaryFolder } from "./hubProcess.ts"

const passphrase = "four words of a team"

it("[HB-64] a hub whose key is under a passphrase starts with the file that holds it, and not without", async () => {
  const data = temporaryFolder()
  const seed = await Effect.runPromise(DeviceKeyFile.load(data))
  await Effect.runPromise(DeviceKeyFile.protect(data, Redacted.make(passphrase)))
  const secrets = join(temporaryFolder(), "passphrase")
  const env = { SYNCLINE_PASSPHRASE_FILE: secrets }

  const locked = await failHub({ data })
  expect(locked.code).not.toBe(0)
  expect(locked.log).toContain("is under a passphrase, and none was given")
  const missing = await failHub({ data, env })
  expect(missing).toMatchObject({ code: 2 })
  expect(missing.log).toContain("SYNCLINE_PASSPHRASE_FILE")
  writeFileSync(secrets, "four other words\n")
  expect((await failHub({ data, env })).log).toContain("the passphrase does not open")

  writeFileSync(secrets, `${passphrase}\n`)
  const hub = await startHub({ data, env })
  expect(hub.peer).toBe(DeviceKeyFile.deviceKey(seed).peer)
  expect(`${hub.out()}${hub.log()}`).not.toContain(passphrase)
})
