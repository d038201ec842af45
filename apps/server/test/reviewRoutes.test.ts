/**
 * How long the hub may take to answer, where policies are compared on all that is there and elsewhere.
 */
import { Charter, CharterState, Journal, type SpaceId } from "@syncline/core"
import { Context, Effect, Stream } from "effect"
import { pino } from "pino"
import { afterEach, expect, it, vi } from "vitest"
import * as HttpServer from "../src/http/HttpServer.ts"
import type { HubServices } from "../src/EndpointList.ts"
import * as Installing from "../src/rest/Installing.ts"
import { Identify } from "../src/rest/Principal.ts"
import { policyEndpoints } from "../src/team/policyEndpoints.ts"
import { auditing } from "./rest/frame.ts"

const closers: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A hub's routes where everything that looks at records, or writes, takes so long; and what became of that. */
const slowHub = async (ms: number) => {
  const app = HttpServer.make(pino({ level: "silent" }))
  closers.push(() => app.close())
  const state = CharterState.empty("0".repeat(32) as SpaceId.SpaceId)
  const ends: Array<string> = []
  const slow = Effect.onExit(Effect.delay(Effect.succeed([]), ms), ({ _tag }) => Effect.sync(() => ends.push(_tag)))
  const charter = { state: () => state, digest: () => new Uint8Array(16), write: () => Effect.as(slow, state) }
  const services = Context.make(Charter.Charter, charter as unknown as Charter.CharterShape).pipe(
    Context.add(Journal.Journal, { liveCounts: slow } as unknown as Journal.JournalShape)
  )
  const withCaller = Context.add(Context.merge(auditing().services, services), Identify, {
    of: () => Effect.succeed({ kind: "door" }),
    ended: Stream.empty
  })
  Installing.install(app, policyEndpoints, {
    services: withCaller as Context.Context<HubServices | Identify>,
    isTeam: true
  })
  const url = await app.listen({ port: 0, host: "127.0.0.1" })
  const body = JSON.stringify({ text: "version: 1\ntypes: {}\nrules: []\n" })
  const ask = (path: string, signal?: AbortSignal): Promise<Response> => {
    const headers = { "content-type": "application/json" }
    return fetch(`${url}/api/v1/policy/${path}`, { method: "POST", headers, body, signal: signal ?? null })
  }
  return { ask, ends }
}

it("[HB-90] a comparison and a simulation may take longer than other questions", { timeout: 30_000 }, async () => {
  const { ask } = await slowHub(5_600)
  const answers = await Promise.all(["diff", "simulate", "apply"].map((path) => ask(path)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 503])
  expect(await answers[2]!.json()).toMatchObject({ detail: "the hub took too long to answer; try again" })
})

it("[HB-90] what nobody waits for any more is not worked on", async () => {
  const { ask, ends } = await slowHub(2_000)
  const leaving = new AbortController()
  setTimeout(() => leaving.abort(), 200)
  await expect(ask("diff", leaving.signal)).rejects.toThrow("aborted")
  await vi.waitFor(() => expect(ends).toEqual(["Failure"]), 1_500)
  expect((await ask("diff")).status).toBe(200)
})
