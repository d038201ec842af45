// What a node does whose charter holds what only a later version of the program can judge.
import { describe, expect, it } from "@effect/vitest"
import { Author, CharterRecord, HybridTime } from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Effect, Logger } from "effect"
import * as PolicyDesk from "../src/PolicyDesk.ts"
import * as PolicyDraft from "../src/PolicyDraft.ts"
import { deviceOf, open, peer, world } from "./space.ts"
import { disobey, held, openTeam, putAll, waiting } from "./scenarios/openTeam.ts"
import { pass, seenBy, startMs, type TeamNode } from "./teamNodes.ts"

const crypto = world.functions(new SeededRandom.SeededRandom(1))
const domain = new TextEncoder().encode("syncline/charter/v1")
const north = { type: "task", header: { team: "north" } }

/** A record of the hub behind all of its charter, which does what no version knows yet. */
const laterRecord = ({ charter }: Pick<TeamNode, "charter">): Uint8Array => {
  const { head, space, version } = charter.state()
  const hub = deviceOf(1)
  const made = CharterRecord.seal(crypto, hub, {
    space,
    version: version + 1,
    behind: [head],
    at: HybridTime.make(startMs, 0),
    behalf: "",
    note: "",
    operations: [{ _tag: "RemovePolicy" }]
  })
  // Its body lies before the signature and ends with the number of its only operation, which has no fields.
  const bytes = new Uint8Array(made.bytes)
  const bodyEnd = bytes.length - 1 - 64 - 2
  const body = bytes.subarray(bytes[1] === 0xc4 ? 3 : 4, bodyEnd)
  body[body.length - 1] = 99
  const hash = crypto.sha256(body)
  bytes.set(hub.sign(new Uint8Array([...domain, ...hash])), bytes.length - 1 - 64)
  return bytes
}

describe("a record of the charter that only a later version can judge", () => {
  it.effect("[EP-17] [AK-3] [CH-65] closes the space, for owners, too, also after a start, and loses nothing", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(
        ["mia", "member", 2, "north"],
        ["eve", "admin", 3, "north"],
        ["olga", "owner", 4]
      )
      yield* putAll(hub, "north", 3)
      const stored: Array<Uint8Array> = []
      const [mia, olga] = [yield* enter(2, { stored }), yield* enter(4)]
      yield* pass(3_000)
      // As from hubs that can judge it; one that cannot meets members no more.
      const later = laterRecord(hub)
      for (const { charter } of [mia, hub]) expect((yield* charter.receive([later])).refused).toEqual([])
      yield* pass(5_000)
      yield* mia.close
      const again = yield* enter(2, { stored: [...stored] })
      yield* pass(5_000)
      // An owner's device hears of it, and others are not met any more.
      expect(olga.charter.state().unread).toBe(hub.charter.state().version)
      expect(seenBy(olga, "SyncError")).toEqual([])
      for (const node of [hub, olga, mia, again]) {
        const { charter, gate } = node
        expect(charter.state()).toEqual(hub.charter.state())
        for (const number of [2, 3]) {
          expect(yield* gate.admits(peer(number))).toMatchObject({
            allowed: false,
            rule: "policy/closed",
            isHeard: false,
            because: expect.stringContaining("update it")
          })
        }
        for (const number of [1, 4]) expect((yield* gate.admits(peer(number))).allowed).toBe(true)
        for (const number of [1, 2, 3, 4]) {
          for (const asked of [gate.canSend(north, peer(number)), gate.canReceive(north, peer(number))]) {
            expect(yield* asked).toMatchObject({ allowed: false, rule: "policy/closed" })
          }
        }
        expect((yield* gate.canRead(north)).allowed).toBe(false)
        expect(yield* gate.mustForget(north)).toBe(undefined)
        expect(String(yield* Effect.flip(node.put("n9", { team: "north", title: "no" })))).toContain("update it")
      }
      for (const node of [hub, olga, mia]) expect(yield* held(node)).toEqual({ north: 3 })
      const denied = yield* Effect.flip(hub.write({ _tag: "SetTeam", team: "west", name: "West" }))
      expect(String(denied)).toContain("update it")
    })
  )

  it.effect("[AK-13] [CH-65] decides nothing of what an owner brings, and keeps nothing of it", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(["olga", "owner", 4])
      const olga = yield* enter(4)
      yield* pass(3_000)
      yield* hub.charter.receive([laterRecord(hub)])
      yield* pass(3_000)
      // Her program is a later one.
      disobey(olga)
      yield* olga.put("n1", { team: "north", title: "work" })
      yield* pass(10_000)
      expect([yield* waiting(hub), yield* held(hub), yield* waiting(olga)]).toEqual([[], {}, []])
      expect(seenBy(hub, "CommitsRefused")).toEqual([])
      expect(yield* olga.titleOf("n1")).toBe("work")
      expect(yield* olga.journal.receipts(0, 5)).toMatchObject([
        { status: "deferred", code: "NotJudged", rule: "policy/closed", policyVersion: 0, peer: hub.peer }
      ])
      yield* hub.stop
      disobey(hub)
      yield* hub.start
      yield* pass(30_000)
      expect(yield* hub.titleOf("n1")).toBe("work")
      expect(yield* olga.journal.receipts(0, 5)).toMatchObject([{ status: "accepted" }])
    })
  )

  it.effect("[EP-17] [CH-65] nobody's word counts where it is not known who is a custodian", () =>
    Effect.gen(function* () {
      const { hub } = yield* openTeam(["mia", "member", 2, "north"], ["olga", "owner", 4])
      const asked = hub.gate.accepts(
        { author: Author.make(peer(2), "00112233445566ff"), partition: north, at: HybridTime.zero, from: peer(4) },
        Effect.succeed({ creates: false, updates: true, deletes: false, fields: new Set() })
      )
      expect((yield* asked).allowed).toBe(true)
      yield* hub.charter.receive([laterRecord(hub)])
      expect(yield* asked).toMatchObject({ allowed: false, rule: "policy/closed" })
    })
  )

  it.effect("[EP-17] [CH-65] the log says once why, and so does what is told of the team", () => {
    const logged: Array<string> = []
    const logger = Logger.make(({ message }) => void logged.push(JSON.stringify(message)))
    return Effect.gen(function* () {
      const space = yield* open(["mia", "member", 2])
      expect(PolicyDesk.summary(space.charter).closed).toBe(null)
      yield* space.charter.receive([laterRecord(space)])
      for (let i = 0; i < 20; i++) yield* Effect.yieldNow
      expect(PolicyDesk.summary(space.charter).closed).toContain("update it")
      expect(logged.filter((line) => line.includes("the space is closed here"))).toHaveLength(1)
    }).pipe(Effect.provide(Logger.layer([logger])))
  })

  it.effect("[EP-17] [CH-65] nobody is heard there who was put out of use", () =>
    Effect.gen(function* () {
      const space = yield* open(["mia", "member", 2], ["max", "member", 3])
      yield* space.write({ _tag: "PauseDevice", device: deviceOf(2).publicKey, isPaused: true })
      expect(yield* space.gate.admits(peer(2))).toMatchObject({ allowed: false, rule: "charter/paused", isHeard: true })
      yield* space.charter.receive([laterRecord(space)])
      expect(yield* space.gate.admits(peer(2))).toMatchObject({ allowed: false, isHeard: false })
      expect(yield* space.gate.admits(peer(3))).toMatchObject({ allowed: false, rule: "policy/closed" })
    })
  )
})

it("[EP-70] no team or role is removed while it cannot be told whom the document names", () => {
  for (const removed of [
    { _tag: "RemoveTeam", team: "north" },
    { _tag: "RemoveRole", role: "clerk" }
  ] as const) {
    expect(PolicyDraft.removalProblem("version: 2\nnews: 1", removed)).toContain("cannot read the policy in force")
  }
})
