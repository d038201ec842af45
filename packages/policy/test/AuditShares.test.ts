/**
 * What one device, several together and strangers can do to an audit in the long run.
 */
import { expect, it } from "@effect/vitest"
import { AuditStore, Crypto, DeviceKey, type Gate, type PeerId } from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import * as AuditChain from "../src/AuditChain.ts"
import * as AuditKeeper from "../src/AuditKeeper.ts"
import * as AuditOverflow from "../src/AuditOverflow.ts"
import * as AuditShares from "../src/AuditShares.ts"
import { deviceOf, peer, world } from "./space.ts"

const crypto = world.functions(new SeededRandom.SeededRandom(1))
const entriesMax = 20_000

/** An audit of 20,000 entries, and what it holds. */
const opened = Effect.gen(function* () {
  const rows: Array<AuditStore.AuditRow> = []
  const tell = yield* AuditKeeper.make({ entriesMax }).pipe(
    Effect.provideService(Crypto.Crypto, crypto),
    Effect.provideService(DeviceKey.DeviceKey, deviceOf(1)),
    Effect.provide(AuditStore.AuditStore.layerMemory(rows))
  )
  const about = (device: number) =>
    rows.map(({ text }) => AuditChain.ofText(text)!).filter((entry) => entry.peer === peer(device))
  return { tell, about, rows }
})

const told = (device: number, detail: string, more: Partial<Gate.AuditedAction> = {}): Gate.AuditedAction => ({
  action: "receive",
  peer: peer(device),
  decision: { allowed: false, rule: "no-payroll", policyVersion: 3, because: "because" },
  detail,
  ...more
})
const permitted = { decision: { allowed: true, rule: "all", policyVersion: 3, because: "because" } }

const seconds = Effect.fnUntraced(function* (count: number, each: (second: number) => Effect.Effect<void>) {
  for (let second = 0; second < count; second++) {
    yield* each(second)
    yield* TestClock.adjust(AuditKeeper.writeEveryMs)
  }
})
const times = (count: number, each: (n: number) => Effect.Effect<void>): Effect.Effect<void> =>
  Effect.forEach(
    Array.from({ length: count }, (_, n) => n),
    each,
    { discard: true }
  )

const passing = (body: Effect.Effect<unknown, unknown, Scope.Scope>) => () => body

it.effect(
  "[AU-12] what one device is refused drives out nothing said of others, and is told with its reasons",
  passing(
    Effect.gen(function* () {
      const { about, rows, tell } = yield* opened
      yield* times(50, (n) => tell(told(2, `evidence ${n}`)))
      const other = { decision: { ...told(3, "").decision, rule: "no-south" } }
      yield* seconds(60, (second) =>
        Effect.andThen(
          times(1_000, (n) => tell(told(3, `x${second} ${n}`))),
          tell(told(3, `y${second}`, other))
        )
      )
      expect(about(2)).toHaveLength(50)
      const [max, overflows] = [entriesMax / 16, about(3).filter(({ action }) => action === "overflow")]
      expect(about(3).length - overflows.length).toBe(max)
      expect(overflows).toHaveLength(1)
      yield* TestClock.adjust(AuditOverflow.everyMs)
      const counted = about(3).filter(({ action }) => action === "overflow")
      expect(counted).toHaveLength(2)
      expect(counted.reduce((sum, entry) => sum + entry.times, 0)).toBe(60 * 1_001 - max)
      expect(counted[1]!.detail).toMatch(
        /^\d+ receive denied by no-payroll, first x\d+ \d+; \d+ receive denied by no-south, first y\d+$/
      )
      expect(rows.length).toBeLessThan(max + 60)
      // A share is free again after a day.
      yield* TestClock.adjust("24 hours")
      yield* seconds(2, (second) => times(1_000, (n) => tell(told(3, `later${second} ${n}`))))
      expect(about(3).filter(({ detail }) => detail.startsWith("later"))).toHaveLength(max)
    })
  )
)

it.effect(
  "[AU-12] nor do permissions that one device makes the audit keep about all others",
  passing(
    Effect.gen(function* () {
      const { about, rows, tell } = yield* opened
      yield* times(50, (n) => tell(told(2, `evidence ${n}`)))
      const passed = { action: "send", isPassedOver: true } as const
      yield* seconds(60, (second) =>
        times(200, (n) =>
          Effect.andThen(
            tell(told(3, `x${second} ${n}`, permitted)),
            times(8, (device) =>
              tell(told(10 + device, `x${second} ${n}`, device % 2 === 0 ? passed : { ...permitted, action: "send" }))
            )
          )
        )
      )
      expect(about(2)).toHaveLength(50)
      expect(rows.length).toBeLessThan(entriesMax / 4 + 150)
      // One that had no room is kept when it is given again.
      yield* TestClock.adjust("24 hours")
      const first = "x59 199"
      expect(about(3).some(({ detail }) => detail === first)).toBe(false)
      yield* tell(told(3, first, permitted))
      yield* TestClock.adjust(AuditKeeper.writeEveryMs)
      expect(about(3).at(-1)).toMatchObject({ detail: first, times: 1 })
    })
  )
)

it.effect(
  "[AU-12] nor do strangers under any number of names, who are counted together",
  passing(
    Effect.gen(function* () {
      const { about, rows, tell } = yield* opened
      yield* times(50, (n) => tell(told(2, `evidence ${n}`)))
      yield* seconds(40, (second) =>
        times(100, (n) => tell(told(100 + 100 * second + n, "session", { action: "admit" })))
      )
      expect(about(2)).toHaveLength(50)
      yield* tell(told(2, "session", { ...permitted, action: "admit" }))
      yield* TestClock.adjust(AuditKeeper.writeEveryMs)
      expect(about(2).at(-1)).toMatchObject({ action: "admit" })
      expect(about(1)).toMatchObject([{ action: "overflow" }])
      expect(rows.length).toBeLessThanOrEqual(50 + entriesMax / 16 + 2)
    })
  )
)

it("[AU-12] nor does who knocks under any number of names make anybody begin anew", () => {
  const shares = new AuditShares.AuditShares(200_000)
  const knock = (name: string) =>
    shares.take(0, { ...told(4, "session"), action: "admit", peer: name as PeerId.PeerId }, false)
  const takeAll = (device: number): number => {
    let taken = 0
    while (shares.take(0, told(device, "x"), false) === "taken") taken++
    return taken
  }
  // What was refused to it at the door counts where it comes in later.
  for (let n = 0; n < 1_000; n++) expect(knock(peer(5))).toBe("taken")
  expect(takeAll(5)).toBe(AuditShares.ofPeerMax - 1_000)
  expect(takeAll(3)).toBe(AuditShares.ofPeerMax)
  for (let n = 0; n < 2 * AuditShares.peersMax; n++) expect(knock(`stranger ${n}`)).toBe("taken")
  for (const device of [3, 5]) expect(knock(peer(device))).toBe("full for the peer")
  const asks = { action: "request" as const, ...permitted }
  for (let n = 0; n < AuditShares.peersMax; n++) {
    shares.take(0, { ...told(4, "asks"), ...asks, peer: `newcomer ${n}` as PeerId.PeerId }, false)
  }
  expect([takeAll(3), takeAll(5)]).toEqual([0, 0])
})

it("[AU-12] what this node and its people do themselves always has room", () => {
  const shares = new AuditShares.AuditShares(1_000)
  for (const action of ["forget", "invite", "revoke", "approve", "reject"] as const) {
    const own = { ...told(1, "all"), action }
    for (let n = 0; n < 5_000; n++) expect(shares.take(0, own, false)).toBe("taken")
  }
})

it("[AU-14] a person has a share of its own, whatever the device behind it does, and others' persons", () => {
  const shares = new AuditShares.AuditShares(1_000_000)
  const allowed = { ...permitted, action: "manage" as const }
  const take = (behalf: string | undefined, more: Partial<Gate.AuditedAction> = {}) =>
    shares.take(0, told(1, "all", { action: "manage", ...(behalf === undefined ? {} : { behalf }), ...more }), false)
  for (let n = 0; n < AuditShares.ofPeerMax; n++) expect(take("ann", n % 2 === 0 ? allowed : {})).toBe("taken")
  expect([take("ann"), take("ann", allowed)]).toEqual(["full for the peer", "full for the peer"])
  expect([take("mia"), take(undefined), take("ann", { action: "signin", ...permitted })]).toEqual([
    "taken",
    "taken",
    "full for the peer"
  ])
})

it("[AU-14] sign-ins that are refused take the share of strangers alone, under whatever name", () => {
  const shares = new AuditShares.AuditShares(1_600)
  const tries = (behalf: string) => shares.take(0, told(1, "all", { action: "signin", behalf }), false)
  for (let n = 0; n < 100; n++) expect(tries(n % 2 === 0 ? "ann" : `name ${n}`)).toBe("taken")
  expect([tries("ann"), tries("mia")]).toEqual(["full for strangers", "full for strangers"])
  const signsIn = told(1, "all", { action: "signin", behalf: "ann", ...permitted })
  expect(shares.take(0, signsIn, false)).toBe("taken")
  expect(shares.take(0, told(1, "own"), false)).toBe("taken")
})
