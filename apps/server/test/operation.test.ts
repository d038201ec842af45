/** What a hub says about how it runs. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { X509Certificate } from "node:crypto"
import { join } from "node:path"
import type { AdminOperation } from "@syncline/core/admin"
import { expect, it, vi } from "vitest"
import * as Doctor from "../src/operation/Doctor.ts"
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

it("[HO-5] says what is bad: a folder for backups that is none, everybody trusted, a certificate that is gone", async () => {
  const [data, other] = [temporaryFolder(), temporaryFolder()]
  const file = join(other, "file")
  writeFileSync(file, "no folder")
  await startHub({
    data,
    env: {
      SYNCLINE_BACKUP_FOLDER: file,
      SYNCLINE_TRUSTED_PROXIES: "0.0.0.0/0",
      SYNCLINE_GATEWAY_PROJECT_AI: "1"
    }
  })
  const { of, state } = await examined(data)
  expect(state).toBe("bad")
  expect(of["backups"]).toMatchObject({ state: "bad", advice: expect.stringContaining("the folder for backups") })
  expect(of["reach"]).toMatchObject({ state: "bad", advice: expect.stringContaining("SYNCLINE_TRUSTED_PROXIES") })
  expect(of["gateway project-ai"]).toMatchObject({ state: "warning", found: expect.stringContaining("is open") })
  expect(of["team"]).toMatchObject({ state: "good" })

  const [cert, key] = [join(other, "cert.pem"), join(other, "key.pem")]
  writeFileSync(cert, first.certificate)
  writeFileSync(key, first.key)
  const secure = temporaryFolder()
  await startHub({ data: secure, env: { SYNCLINE_TLS_CERT: cert, SYNCLINE_TLS_KEY: key } })
  expect((await examined(secure)).of["certificate"]).toMatchObject({ state: "good" })
  writeFileSync(cert, "gone")
  expect((await examined(secure)).of["certificate"]).toMatchObject({ state: "bad" })
})

it("[HO-5] tells in time that a certificate ends and that a disk fills", () => {
  const folder = temporaryFolder()
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")]
  writeFileSync(cert, first.certificate)
  writeFileSync(key, first.key)
  const endsMs = Date.parse(new X509Certificate(first.certificate).validTo)
  const tls = { certificate: cert, key }
  const at = (daysLeft: number) =>
    Doctor.certificate({ tls, trustedProxies: [], publicUrl: undefined }, endsMs - daysLeft * 86_400_000)
  expect([30, 20, 2, -1].map((days) => at(days).map(({ state }) => state))).toEqual([
    ["good"],
    ["warning"],
    ["bad"],
    ["bad"]
  ])
  expect(at(-1)[0]!.found).toBe("the certificate has expired")
  const mebibyte = 1024 * 1024
  const states = [10_000, 2_000, 255].map((free) => Doctor.diskOf(free * mebibyte).state)
  expect(states).toEqual(["good", "warning", "bad"])
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

it("[HO-6] repeats nothing of what the doctor says in words of others, such as where a backup failed", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  mkdirSync(join(place, "lock.db"))
  await startHub({ data, env: { SYNCLINE_BACKUP_FOLDER: place } })
  expect((await ask(data, "backups", {})).status).toBe(202)
  await until(async () => JSON.stringify((await ask(data, "doctor")).body).includes(place), 10_000)
  const text = JSON.stringify((await ask(data, "diagnostics")).body)
  expect(text).toContain("the last backup failed")
  for (const secret of [place, data]) expect(text).not.toContain(secret)
})
