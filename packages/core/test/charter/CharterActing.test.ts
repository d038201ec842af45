// What may be done to a charter in the name of somebody who has no device here.
import { describe, expect, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer } from "effect"
import * as Charter from "../../src/charter/Charter.ts"
import * as CharterActing from "../../src/charter/CharterActing.ts"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import * as CharterRecord from "../../src/charter/CharterRecord.ts"
import * as CharterRights from "../../src/charter/CharterRights.ts"
import type { CharterState } from "../../src/charter/CharterState.ts"
import { CharterStore } from "../../src/charter/CharterStore.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import { layerDevice } from "../journal/nodeCrypto.ts"
import { addDevice, addMember, crypto, found, join, key, peer, space, team, write } from "./fixture.ts"

const role = (member: string, to: string): CharterOperation => ({ _tag: "SetMemberRole", member, role: to })
const remove = (member: string): CharterOperation => ({ _tag: "RemoveMember", member })
const rename = (member: string): CharterOperation => ({ _tag: "RenameMember", member, name: "X" })
const pause = (device: number): CharterOperation => ({ _tag: "PauseDevice", device: key(device), isPaused: true })

const members = ["ann", "olga", "adam", "ada", "mia", "rob"]
const toEach = (id: string, device: number): ReadonlyArray<CharterOperation> => [
  rename(id),
  remove(id),
  role(id, "owner"),
  role(id, "admin"),
  role(id, "readonly"),
  { _tag: "SetMemberTeams", member: id, teams: ["south"] },
  { _tag: "SetMemberDeviceLimit", member: id, isOwn: true, limit: 3 },
  addDevice(id, 30 + device),
  { _tag: "RenameDevice", device: key(device), name: "X" },
  pause(device),
  { _tag: "RemoveDevice", device: key(device) }
]
const operations: ReadonlyArray<CharterOperation> = [
  ...members.flatMap((id, i) => toEach(id, i + 1)),
  ...["owner", "admin", "member", "boss"].map((to) => addMember("new", to)),
  addMember("mia", "member"),
  addMember("new", "member", ["north"]),
  addMember("new", "member", ["east"]),
  addDevice("nobody", 30),
  remove("nobody"),
  { _tag: "SetRole", role: "lead", name: "Lead", level: 60 },
  { _tag: "SetRole", role: "lead", name: "Lead", level: 95 },
  { _tag: "SetRole", role: "admin", name: "A", level: 10 },
  { _tag: "RemoveRole", role: "lead" },
  { _tag: "SetTeam", team: "west", name: "West" },
  { _tag: "RemoveTeam", team: "north" },
  { _tag: "RemoveTeam", team: "east" },
  { _tag: "SetPolicy", text: "p" },
  { _tag: "SetPolicy", text: "p".repeat(200_000) },
  { _tag: "RemovePolicy" },
  { _tag: "SetDeviceLimit", limit: 2 },
  { _tag: "SealSpace", showsHistory: true, periodDays: null }
]

describe("in a member's name", () => {
  it("[CH-80] may be done what a device of it could sign, by every role and about everybody", () => {
    const { state } = team()
    const seen = { yes: 0, no: 0 }
    for (const [i, member] of members.entries()) {
      for (const operation of operations) {
        const signed = CharterRights.whyNot(state, peer(i + 1), operation)
        expect([member, operation, CharterRights.whyNotActing(state, member, operation)]).toEqual([
          member,
          operation,
          signed
        ])
        seen[signed === undefined ? "yes" : "no"]++
      }
    }
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(100)
  })

  it("[CH-80] is nothing done for who is no member, and a pause of devices is no reason", () => {
    const tree = team()
    expect(CharterRights.whyNotActing(tree.state, "nobody", rename("mia"))).toBe("there is no member nobody")
    write(tree, 1, pause(5))
    expect(CharterRights.whyNot(tree.state, peer(5), rename("mia"))).toBe("device 5 is paused")
    expect(CharterRights.whyNotActing(tree.state, "mia", rename("mia"))).toBeUndefined()
    write(tree, 1, remove("mia"))
    expect(CharterRights.whyNotActing(tree.state, "mia", rename("mia"))).toBe("there is no member mia")
  })

  it("[CH-80] no space is founded and no key made, and who wrote its 256 records has no more", () => {
    const { state } = team()
    const share: CharterOperation = { _tag: "ShareKey", key: new Uint8Array(32), wraps: new Uint8Array() }
    expect(CharterRights.whyNotActing(state, "ann", found)).toMatch(/first owner's device/)
    expect(CharterRights.whyNotActing(state, "ann", share)).toMatch(/by devices alone/)
    expect(CharterRights.whyNotActing(state, "mia", share)).toMatch(/does not manage/)
    const ownRecords = new Map([
      ["mia", CharterRights.ownRecordsMax],
      ["adam", CharterRights.ownRecordsMax]
    ])
    expect(CharterRights.whyNotActing({ ...state, ownRecords }, "mia", rename("mia"))).toMatch(/256 records of its own/)
    expect(CharterRights.whyNotActing({ ...state, ownRecords }, "adam", rename("adam"))).toBeUndefined()
  })

  it("[CH-80] each operation is judged behind those before it", () => {
    const { state } = team()
    const why = (member: string, ...all: ReadonlyArray<CharterOperation>) => CharterActing.whyNot(state, member, all)
    expect(why("adam", ...join("new", "member", 30))).toBeUndefined()
    expect(why("adam", ...join("new", "member", 30), role("new", "owner"))).toMatch(/nobody gives more than it has/)
    expect(why("adam", role("adam", "member"), addMember("new", "member"))).toMatch(/does not manage the space/)
    expect(why("mia", remove("mia"), rename("mia"))).toBe("there is no member mia")
    expect(why("ann", { _tag: "SealSpace", showsHistory: true, periodDays: 7 }, rename("ann"))).toBeUndefined()
    expect(why("ann", { _tag: "SetDeviceLimit", limit: 1 }, addDevice("ann", 30))).toMatch(/the limit is 1/)
    expect(state).toEqual(team().state)
  })
})

/** An owner's charter whose disk takes as long as it is told. */
const open = Effect.gen(function* () {
  const records: Array<Uint8Array> = []
  const slow = { disk: Effect.void as Effect.Effect<void> }
  const append = (all: ReadonlyArray<Uint8Array>) =>
    Effect.andThen(
      Effect.suspend(() => slow.disk),
      Effect.sync(() => void records.push(...all))
    )
  const store = Layer.succeed(CharterStore, { path: "slow", load: Effect.succeed([]), append })
  const layer = Charter.layer({ space, policyProblem: () => undefined }).pipe(Layer.provide([layerDevice(1), store]))
  const charter = Context.get(yield* Layer.build(layer), Charter.Charter)
  yield* charter.write([found])
  yield* charter.write([...join("adam", "admin", 3), ...join("mia", "member", 5)])
  return { charter, records, slow }
})

/** What comes of a write in adam's name while a record is on its way to the disk. */
const during = Effect.fnUntraced(function* (
  record: ReadonlyArray<CharterOperation>,
  doing: (charter: Charter.CharterShape) => ReturnType<typeof CharterActing.write>
) {
  const { charter, slow } = yield* open
  const written = yield* Deferred.make<void>()
  slow.disk = Deferred.await(written)
  const recording = yield* Effect.forkChild(charter.write(record), { startImmediately: true })
  const done = yield* Effect.forkChild(Effect.result(doing(charter)), { startImmediately: true })
  slow.disk = Effect.void
  yield* Deferred.succeed(written, undefined)
  yield* Fiber.join(recording)
  const result = yield* Fiber.join(done)
  return result._tag === "Success" ? "done" : result.failure.reason._tag
})

describe("a record in a member's name", () => {
  it.effect("[CH-81] is this device's and names the person; what the member may not is not written", () =>
    Effect.gen(function* () {
      const { charter, records } = yield* open
      const state = yield* CharterActing.write(charter, "adam", join("new", "member", 30), { behalf: "Adam (adam)" })
      expect(state).toMatchObject({ version: 3 } satisfies Partial<CharterState>)
      const record = CharterRecord.open(crypto, records.at(-1)!)
      expect(record).toMatchObject({ signer: peer(1), behalf: "Adam (adam)", note: "" })
      const denied = yield* Effect.flip(CharterActing.write(charter, "adam", [role("adam", "owner")]))
      expect(denied.message).toMatch(/at version 3: .*nobody gives more than it has/)
      expect(charter.state().version).toBe(3)
    }).pipe(Effect.scoped)
  )

  it.effect("[CH-81] what this device may not is not written, whatever the member may", () =>
    Effect.gen(function* () {
      const { charter } = yield* open
      yield* charter.write([...join("olga", "owner", 2), role("ann", "admin")])
      const denied = yield* Effect.flip(CharterActing.write(charter, "olga", [role("mia", "owner")]))
      expect(denied.message).toMatch(/the role owner is above admin/)
    }).pipe(Effect.scoped)
  )

  it.effect("[CH-81] is judged anew behind a record that came between, and refused where that took the right", () =>
    Effect.gen(function* () {
      const adding = (charter: Charter.CharterShape) => CharterActing.write(charter, "adam", [addMember("x", "member")])
      expect(yield* during([addMember("y", "member")], adding)).toBe("done")
      expect(yield* during([role("adam", "member")], adding)).toBe("CharterDenied")
    }).pipe(Effect.scoped)
  )

  it.effect("[CH-81] is written to the charter that its caller expects, or not at all", () =>
    Effect.gen(function* () {
      const adding = (charter: Charter.CharterShape) =>
        CharterActing.write(charter, "adam", [addMember("x", "member")], {
          expectedVersion: charter.state().version,
          expectedDigest: Bytes.toHex(charter.digest())
        })
      expect(yield* during([addMember("y", "member")], adding)).toBe("CharterMoved")
      const { charter } = yield* open
      for (const wording of [{ expectedVersion: 1 }, { expectedDigest: "0".repeat(32) }]) {
        const moved = yield* Effect.flip(CharterActing.write(charter, "adam", [rename("adam")], wording))
        expect(moved.reason._tag).toBe("CharterMoved")
      }
      expect(yield* Effect.map(adding(charter), ({ version }) => version)).toBe(3)
    }).pipe(Effect.scoped)
  )
})
