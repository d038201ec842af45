/**
 * Traces of this hub to a collector, as OTLP in JSON over HTTP: requests, sessions, batches and backups. It is loaded only where the
 * settings name a collector. Only attributes that are listed here leave the hub, and of a failure its code alone. A collector that does not answer
 * costs a minute's spans and nothing else.
 */
import { Spans } from "@syncline/core"
import { ConfigProvider, Effect, Exit, Layer, Metric, Tracer } from "effect"
import { FetchHttpClient } from "effect/http"
import { OtlpExporter, OtlpSerialization, OtlpTracer } from "effect/observability"

/** Spans of one second; further ones are dropped and counted. */
export const spansPerSecondMax = 200
/** Spans of one request to the collector. */
const spansPerExportMax = 512
/** How long the collector has to answer, in milliseconds. After four tries nothing is sent for a minute. */
const answerMsMax = 5_000
/** How long a hub that stops waits for the collector, in milliseconds. */
const stopMsMax = 300

/** What may be said of a span. */
const tellable: ReadonlySet<string> = new Set(["operation", "method", "kind", "role", "commits", "bytes"])

const dropped = Metric.counter("syncline_spans_dropped_total", {
  description: "Spans that were not sent because too many came in one second",
  incremental: true
})

/** A tracer, and spans for it. A collector's address without a path gets the usual one. */
export const layer = (url: string, version: string): Layer.Layer<never> => {
  const collector = new URL(url)
  if (collector.pathname === "/") collector.pathname = "/v1/traces"
  const make = OtlpTracer.make({
    url: collector.href,
    resource: { serviceName: "syncline-hub", serviceVersion: version },
    maxBatchSize: spansPerExportMax,
    exportInterval: "2 seconds",
    shutdownTimeout: stopMsMax
  })
  const tracer = Layer.effect(Tracer.Tracer, Effect.map(make, cautious))
  const needs = Layer.mergeAll(
    FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, impatient))),
    OtlpSerialization.layerJson,
    OtlpExporter.layerFlusher,
    // Else the environment would add to what is said.
    Layer.succeed(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({}))
  )
  return Layer.merge(Layer.provide(tracer, needs), Layer.succeed(Spans.AreSpansMade, true))
}

/** Follows no redirect, and waits for nobody for long. */
const impatient: typeof globalThis.fetch = (input, init) => {
  const late = AbortSignal.timeout(answerMsMax)
  const asked = init?.signal ?? undefined
  const signal = asked === undefined ? late : AbortSignal.any([asked, late])
  return globalThis.fetch(input, { ...init, redirect: "error", signal })
}

/** Passes on so many spans of a second, and of each what may be said. */
const cautious = (tracer: Tracer.Tracer): Tracer.Tracer => {
  const second = { at: 0n, spans: 0 }
  return Tracer.make({
    span: (options) => {
      const at = options.startTime / 1_000_000_000n
      if (at !== second.at) Object.assign(second, { at, spans: 0 })
      const hasRoom = ++second.spans <= spansPerSecondMax
      if (!hasRoom) Effect.runSync(Metric.update(dropped, 1))
      return new CautiousSpan(tracer.span({ ...options, sampled: options.sampled && hasRoom }))
    }
  })
}

class CautiousSpan implements Tracer.Span {
  readonly _tag = "Span"
  readonly #span: Tracer.Span

  constructor(span: Tracer.Span) {
    this.#span = span
  }

  get name() {
    return this.#span.name
  }
  get spanId() {
    return this.#span.spanId
  }
  get traceId() {
    return this.#span.traceId
  }
  get parent() {
    return this.#span.parent
  }
  get annotations() {
    return this.#span.annotations
  }
  get status() {
    return this.#span.status
  }
  get attributes() {
    return this.#span.attributes
  }
  get links() {
    return this.#span.links
  }
  get sampled() {
    return this.#span.sampled
  }
  get kind() {
    return this.#span.kind
  }

  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    this.#span.end(endTime, told(exit))
  }

  attribute(key: string, value: unknown): void {
    if (tellable.has(key)) this.#span.attribute(key, value)
  }

  /** What is logged meanwhile may say anything. */
  event(): void {}

  addLinks(): void {}
}

/** Its words could name records and people. */
const told = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> => {
  if (Exit.isSuccess(exit)) return Exit.void
  if (Exit.hasInterrupts(exit)) return exit
  const failure = new Error(codeOf(Exit.findErrorOption(exit)))
  failure.name = "Failure"
  failure.stack = failure.message
  return Exit.fail(failure)
}

const codeOf = (found: ReturnType<typeof Exit.findErrorOption<unknown, unknown>>): string => {
  if (found._tag === "None") return "Defect"
  const { _tag, code, reason } = Object(found.value) as {
    readonly _tag?: unknown
    readonly code?: unknown
    readonly reason?: { readonly _tag?: unknown }
  }
  const said = [code, reason?._tag, _tag].find((each) => typeof each === "string" && /^\w{1,64}$/.test(each))
  return typeof said === "string" ? said : "Failure"
}
