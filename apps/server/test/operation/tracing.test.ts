/** Traces of a hub to a collector on loopback: what they say, what they never say, and collectors that do not answer. */
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { expect, it, onTestFinished, vi } from "vitest"
import { device, failHub, metric, openDevice, startHub, temporaryFolder, until } from "../hubProcess.ts"
import { ask } from "../localDoor.ts"

vi.setConfig({ testTimeout: 60_000 })

interface Span {
  readonly name: string
  readonly status: { readonly code: number; readonly message?: string }
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: unknown }>
}

const collect = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, "127.0.0.1")
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, "listening")
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

it("[HO-10] tells a collector of requests, sessions, batches and backups, and nothing of what they were about", async () => {
  const bodies: Array<string> = []
  const paths = new Set<string>()
  const url = await collect((request, response) => {
    paths.add(request.url ?? "")
    let body = ""
    request.setEncoding("utf8").on("data", (text: string) => (body += text))
    request.on("end", () => {
      bodies.push(body)
      response.end("{}")
    })
  })
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  const hub = await startHub({ data, env: { SYNCLINE_OTLP_URL: url, SYNCLINE_BACKUP_FOLDER: place } })
  const { peer, store } = device()
  await Effect.runPromise(TrustFile.add(data, peer))
  const node = await openDevice(store, hub)
  await node.task.put({ id: "secret-id", title: "secret title", votes: 1 })
  await until(async () => (await ask(data, "entities/task/secret-id")).status === 200, 10_000)
  expect((await ask(data, "entities/task/unknown-id")).status).toBe(404)
  expect((await ask(data, "backups", {})).status).toBe(202)
  await node.close()
  const spans = (): ReadonlyArray<Span> =>
    bodies.flatMap((body) =>
      (
        JSON.parse(body) as {
          resourceSpans: ReadonlyArray<{ scopeSpans: ReadonlyArray<{ spans: ReadonlyArray<Span> }> }>
        }
      ).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
    )
  const named = (name: string) => spans().filter((span) => span.name === name)
  for (const name of ["hub.request", "sync.session", "sync.batch", "hub.backup"]) {
    await until(() => named(name).length > 0, 20_000)
  }
  expect([...paths]).toEqual(["/v1/traces"])
  const operations = named("hub.request").map(({ attributes }) => JSON.stringify(attributes))
  expect(operations.some((text) => text.includes("entities.get"))).toBe(true)
  expect(named("hub.request").map(({ status }) => status.message)).toContain("EntityNotFound")
  const keys = new Set(spans().flatMap(({ attributes }) => attributes.map(({ key }) => key)))
  for (const key of keys)
    expect(["operation", "method", "kind", "role", "commits", "bytes", "effect.fiber.interrupted"]).toContain(key)
  const text = bodies.join("\n")
  for (const secret of [
    "secret-id",
    "secret title",
    "unknown-id",
    "task",
    peer,
    hub.peer,
    data,
    place,
    "home",
    ".ts:"
  ]) {
    expect([secret, text.includes(secret)]).toEqual([secret, false])
  }
})

it("[HO-10] a collector that is not there, or never answers, holds nothing up, and what is too much is dropped", async () => {
  const silent = await collect(() => undefined)
  for (const url of [silent, "http://127.0.0.1:9"]) {
    const data = temporaryFolder()
    const hub = await startHub({ data, env: { SYNCLINE_OTLP_URL: url } })
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(Array.from({ length: 40 }, () => ask(data, "identity")))
      expect(answers.every(({ status }) => status === 200)).toBe(true)
    }
    expect(await metric(hub, "syncline_spans_dropped_total")).toBeGreaterThan(0)
    hub.child.kill("SIGTERM")
    const { code, ms } = await hub.ended()
    expect(code).toBe(0)
    expect(ms).toBeLessThan(2_000)
  }
})

it("[HO-10] an address that no collector has ends the start, and without one nothing is sent", async () => {
  for (const url of ["ftp://127.0.0.1", "collector:4318", "http://ann:secret@127.0.0.1"]) {
    const refused = await failHub({ data: temporaryFolder(), env: { SYNCLINE_OTLP_URL: url } })
    expect([url, refused.code, refused.log.includes("SYNCLINE_OTLP_URL")]).toEqual([url, 2, true])
  }
  const data = temporaryFolder()
  const hub = await startHub({ data })
  await ask(data, "identity")
  expect(await (await fetch(`${hub.url}/metrics`)).text()).not.toContain("syncline_spans_dropped_total")
})
