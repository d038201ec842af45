/**
 * Lists of peers from elsewhere: each is fetched at the start and now and then, and what it names becomes routes that come behind
 * the node's own. A list says where one may dial and nothing else; who is let in the policy says. How a list is fetched, and what of it
 * may be called, whoever gives it knows.
 */
import { Clock, Effect, FiberMap } from "effect"
import type { DialOptions } from "../transport/Transport.ts"
import * as AutoSync from "./AutoSync.ts"
import type { Route } from "./Route.ts"
import type { RouteListEntry, RouteListFailure } from "./RouteList.ts"
import type { Supervision } from "./Supervision.ts"

/** Routes that come of all lists together; what is beyond is left out. */
export const listedRoutesMax = 32
/** How often a list is fetched, in milliseconds, up to a tenth earlier or later. */
export const listEveryMs = 6 * 3_600_000
/** First wait before a list that could not be had is fetched again, in milliseconds; doubles up to `listEveryMs`. */
export const listRetryMsMin = 60_000

/** What the keeper does with a route that comes or goes; the supervisor dials. */
export interface RouteKeeping {
  readonly open: (address: string, listed: DialOptions) => Effect.Effect<void>
  readonly close: (address: string) => Effect.Effect<void>
}

/** Keeps the lists in a fiber of their own each. */
export const start = Effect.fnUntraced(function* (supervisor: Supervision, keeping: RouteKeeping) {
  for (const entry of supervisor.lists) {
    yield* FiberMap.run(supervisor.diallers, `list ${entry.list.name}`)(run(supervisor, entry, keeping))
  }
})

const run = Effect.fnUntraced(function* (supervisor: Supervision, entry: RouteListEntry, keeping: RouteKeeping) {
  for (;;) {
    yield* AutoSync.untilOn(supervisor)
    const fetched = yield* Effect.result(
      Effect.catchDefect(entry.list.fetch, (defect) =>
        Effect.andThen(Effect.logError("a list of peers failed", defect), Effect.fail(broken(defect)))
      )
    )
    if (fetched._tag === "Success") {
      entry.attempts = 0
      entry.lastError = undefined
      entry.fetchedAtMs = yield* Clock.currentTimeMillis
      yield* takeOver(supervisor, entry, fetched.success, keeping)
    } else {
      const { code, message: detail } = fetched.failure
      entry.attempts++
      entry.lastError = detail
      const route = entry.list.name
      yield* supervisor.channel.publish({ _tag: "SyncError", peer: null, route, code, detail, willRetry: true })
    }
    yield* Effect.sleep(waitMs(supervisor, entry))
  }
})

const broken = (defect: unknown): RouteListFailure => ({ code: "ListFailed", message: String(defect) })

const waitMs = ({ crypto }: Supervision, { attempts }: RouteListEntry): number => {
  const fullMs = attempts === 0 ? listEveryMs : Math.min(listRetryMsMin * 2 ** Math.min(attempts - 1, 30), listEveryMs)
  const [chance] = crypto.randomBytes(1)
  return Math.round(fullMs * (0.9 + (chance! / 255) * 0.2))
}

/** Makes routes of what the list names now, and ends those of what no list names any more. */
const takeOver = Effect.fnUntraced(function* (
  supervisor: Supervision,
  entry: RouteListEntry,
  named: ReadonlyArray<string>,
  keeping: RouteKeeping
) {
  const elsewhere = new Set(supervisor.lists.flatMap((one) => (one === entry ? [] : one.addresses)))
  const fitting = named.filter((address) => isDialled(supervisor, address))
  const addresses = [...new Set(fitting)].slice(0, listedRoutesMax)
  const gone = entry.addresses.filter((address) => !addresses.includes(address) && !elsewhere.has(address))
  for (const address of gone) {
    // The node may have it as its own by now.
    if (isOfList(supervisor.routes.get(address)?.route)) yield* keeping.close(address)
  }
  entry.addresses = addresses.filter((address) => elsewhere.has(address) || supervisor.routes.has(address))
  for (const address of addresses) {
    if (supervisor.routes.has(address)) continue
    const listed = [...supervisor.routes.values()].filter(({ route }) => isOfList(route))
    if (listed.length >= listedRoutesMax) break
    yield* keeping.open(address, entry.list.dial)
    if (supervisor.routes.has(address)) entry.addresses = [...entry.addresses, address]
  }
})

const isOfList = (route: Route | undefined): boolean => route?.listed !== undefined && route.isFound !== true

/** True for an address that a transport takes which connects only to where it is told. */
const isDialled = ({ registry }: Supervision, address: string): boolean => {
  const found = registry.all.find(({ accepts, capabilities }) => capabilities.canDial && accepts(address))
  return found?.capabilities.looksUp === true
}
