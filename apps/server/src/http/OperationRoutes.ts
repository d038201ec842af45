/**
 * What operators and their machines ask: is the process alive, can it work, what does it count. The answers name no
 * peer and no record.
 */
import { Journal, Occupancy, Orchestrator } from "@syncline/core"
import { type Context, Effect, Metric } from "effect"
import type { FastifyInstance, FastifyReply } from "fastify"
import { handle } from "./EffectHandler.ts"
import * as Problem from "./Problem.ts"

export type OperationServices = Journal.Journal | Orchestrator.Orchestrator

/** Regular questions of machines are logged only when they fail. */
const quiet = { logLevel: "warn" } as const

export const install = (app: FastifyInstance, services: Context.Context<OperationServices>): void => {
  app.get("/healthz", quiet, async () => ({ status: "ok" }))
  app.get("/readyz", quiet, handle(services, readiness, sendReadiness))
  app.get(
    "/metrics",
    quiet,
    handle(services, metrics, (reply, text) => reply.type("text/plain; version=0.0.4; charset=utf-8").send(text))
  )
}

/** The journal answers, and devices are let in. */
const readiness = Effect.gen(function* () {
  const orchestrator = yield* Orchestrator.Orchestrator
  const journal = yield* Journal.Journal
  const head = yield* journal.head
  const { isStarted } = yield* orchestrator.status
  return { head, isStarted }
})

const sendReadiness = (reply: FastifyReply, { head, isStarted }: Effect.Success<typeof readiness>): FastifyReply =>
  isStarted ? reply.send({ status: "ready", head }) : Problem.send(reply, 503, "the hub does not listen for devices")

// It brings Effect's whole HTTP side along, which would make every start longer.
const formats = Effect.promise(() => import("effect/observability"))

const memory = {
  rss: Metric.gauge("process_resident_memory_bytes", { description: "Resident memory of the process in bytes" }),
  heapUsed: Metric.gauge("nodejs_heap_size_used_bytes", { description: "Used heap of the main thread in bytes" }),
  external: Metric.gauge("nodejs_external_memory_bytes", {
    description: "Memory of the main thread outside its heap in bytes, buffers included"
  })
}

/** All that is counted, and the memory, in Prometheus text. */
export const metrics = Effect.gen(function* () {
  const { external, heapUsed, rss } = process.memoryUsage()
  yield* Metric.update(memory.rss, rss)
  yield* Metric.update(memory.heapUsed, heapUsed)
  yield* Metric.update(memory.external, external)
  yield* Occupancy.sample
  const { PrometheusMetrics } = yield* formats
  return yield* PrometheusMetrics.format()
})
