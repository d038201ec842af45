/** What a hub says about how it runs. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { AdminOperation } from "@syncline/core/admin"
import { expect, it, vi } from "vitest"
import { first } from "./certificate.ts"
import { device, startHub, temporaryFolder, until } from "./hubProcess.ts"
import { ask, joining, team, write } from "./localDoor.ts"

// Several processes start in each test, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const examined = async (data: string) => {
  const { body, status } = await ask(data, "doctor")
  expect(status).toBe(200)
  const { checks, state } = body as unknown as AdminOperation.Doctor
  return { state, of: Object.fromEntries(checks.map((check) => [check.id, check])) }
}

it("[HO-5] looks at itself, and says of each thing how it is and what to do", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  const hub = await startHub({ data, env: { ...team, SYNCLINE_BACKUP_FOLDER: place } })
  const { of, state } = await examined(data)
  expect(state).toBe("warning")
  expect(Object.keys(of)).toEqual(["disk", "store", "devices", "team", "quarantine", "accounts", "backups", "reach"])
  expect(of["store"]).toMatchObject({ state: "good", advice: null })
  expect(of["team"]).toMatchObject({ state: "good", found: expect.stringContaining("1 members and 1 devices") })
  expect(of["accounts"]).toMatchObject({ state: "warning", found: "no owner can sign in" })
  expect(of["backups"]).toMatchObject({ state: "warning", found: "there is no backup yet" })

  const token = /setup token {2}(\S+)/.exec(hub.out())![1]!
  const headers = { "content-type": "application/json" }
  const body = JSON.stringify({ token, name: "ann", password: "correct horse battery" })
  expect((await fetch(`${hub.url}/api/v1/setup`, { method: "POST", headers, body })).status).toBe(201)
  expect((await ask(data, "backups", {})).status).toBe(202)
  await until(async () => (await examined(data)).of["backups"]!.state === "good", 20_000)
  const later = await examined(data)
  expect([later.state, later.of["accounts"]!.state]).toEqual(["good", "good"])
})

it("[HO-5] says what is bad: a folder for backups that is gone, everybody trusted, a certificate that ends", async () => {
  const data = temporaryFolder()
  const file = join(data, "file")
  writeFileSync(file, "no folder")
  await startHub({
    data,
    env: { SYNCLINE_BACKUP_FOLDER: join(temporaryFolder(), "x", "y"), SYNCLINE_TRUSTED_PROXIES: "0.0.0.0/0" }
  })
  const { of, state } = await examined(data)
  expect(state).toBe("bad")
  expect(of["reach"]).toMatchObject({ state: "bad", advice: expect.stringContaining("SYNCLINE_TRUSTED_PROXIES") })
  expect(of["team"]).toMatchObject({ state: "good" })

  const [cert, key] = [join(data, "cert.pem"), join(data, "key.pem")]
  writeFileSync(cert, first.certificate)
  writeFileSync(key, first.key)
  const other = temporaryFolder()
  await startHub({ data: other, env: { SYNCLINE_TLS_CERT: cert, SYNCLINE_TLS_KEY: key } })
  expect((await examined(other)).of["certificate"]).toMatchObject({ state: "good" })
  writeFileSync(cert, "gone")
  expect((await examined(other)).of["certificate"]).toMatchObject({ state: "bad" })
})

it("[HO-6] collects what may be sent to whoever helps, and nothing that names or opens anything", async () => {
  const data = temporaryFolder()
  const hub = await startHub({ data, env: { ...team, SYNCLINE_SPACE: "secret-space-name" } })
  const { peer } = device()
  await write(data, ...joining("mia", "member", peer))
  expect((await ask(data, "entities/task", { fields: { title: "secret title" } })).status).toBe(201)
  const { body, status } = await ask(data, "diagnostics")
  expect(status).toBe(200)
  const collected = body as unknown as typeof AdminOperation.Diagnostics.Type
  expect(collected).toMatchObject({
    format: "syncline-diagnostics/1",
    about: { node: process.version },
    settings: { policy: "enterprise", hasCertificate: false }
  })
  expect(collected.metrics).toContain("process_resident_memory_bytes")
  const text = JSON.stringify(collected)
  const door = JSON.parse(readFileSync(join(data, "local-door.json"), "utf8")) as { readonly token: string }
  const token = /setup token {2}(\S+)/.exec(hub.out())![1]!
  for (const secret of [door.token, token, hub.peer, peer, "secret-space-name", "secret title", "mia", data, hub.url]) {
    expect(text).not.toContain(secret)
  }
})
