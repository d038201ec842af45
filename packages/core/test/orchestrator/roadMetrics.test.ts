// What a hub's graphs show of roads: changes, looks and which mailbox is in use.
import { expect, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { MailboxError, MailboxUnreachable } from "../../src/mailbox/MailboxError.ts"
import type { Mailbox } from "../../src/mailbox/Mailbox.ts"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import * as CoreMetrics from "../../src/telemetry/CoreMetrics.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { makeNode, makeRules, pass } from "./virtualNodes.ts"

const looks = (outcome: "news" | "nothing" | "failed") =>
  Effect.map(
    Metric.value(Metric.withAttributes(CoreMetrics.mailboxLooks, { mailbox: "memory", outcome })),
    ({ count }) => count
  )
const active = Effect.map(
  Metric.value(Metric.withAttributes(CoreMetrics.mailboxActive, { mailbox: "memory" })),
  ({ value }) => value
)
const changes = Effect.map(Metric.value(CoreMetrics.routesChanged), ({ count }) => count)

it.effect("[OR-90] changes of roads and looks are counted, and which mailbox is in use is shown", () =>
  Effect.gen(function* () {
    const network = MemoryTransport.makeNetwork()
    const inner = MemoryMailbox.make(yield* MemoryMailbox.makeFolder)
    let isThere = true
    const away = new MailboxError({ mailbox: "memory", reason: new MailboxUnreachable({ problem: "away" }) })
    const mailbox: Mailbox = {
      ...inner,
      open: (place) =>
        Effect.map(inner.open(place), (shape) => ({
          ...shape,
          list: Effect.suspend(() => (isThere ? shape.list : Effect.fail(away)))
        }))
    }
    const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([1, 2], [1]) })
    const a = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1, 2], [1]), mailboxes: [mailbox] })
    yield* hub.start
    yield* a.start
    yield* pass(3_000)
    expect([yield* active, yield* changes]).toEqual([0, 0])
    yield* hub.stop
    yield* pass(25_000)
    expect([yield* active, yield* changes]).toEqual([1, 1])
    const news = yield* looks("news")
    yield* a.put("t1", { team: "north", title: "x" })
    yield* pass(5_000)
    expect((yield* looks("news")) - news).toBe(1)
    const nothing = yield* looks("nothing")
    yield* pass(inner.capabilities.pollEveryMs * 2)
    expect((yield* looks("nothing")) - nothing).toBe(2)
    expect(yield* looks("failed")).toBe(0)
    isThere = false
    yield* pass(inner.capabilities.pollEveryMs)
    expect(yield* looks("failed")).toBeGreaterThan(0)
    isThere = true
    yield* hub.start
    yield* pass(200_000)
    expect([yield* active, yield* changes]).toEqual([0, 2])
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
)
