/**
 * What every journal must answer to whoever may see some of its partitions, as tests: the rule `JR-161` of SPEC.md.
 * `journalPresentConformance` runs them with the rest.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { EntityQuery } from "../journal/EntityQuery.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import type { Partition } from "../model/Partition.ts"
import { type MakeJournal, moment, open, put, remove } from "./JournalFixture.ts"

const inTeam = (change: EntityChange, team: string): EntityChange => ({
  ...change,
  partition: { type: "note", header: { team } }
})

/** Only what is of the team `a`. */
const sees = ({ header }: Partition): boolean => header["team"] === "a"

const asked: EntityQuery = { type: "note", where: {}, orderBy: undefined, limit: 10, offset: 0 }

/** Registers the rule as tests. */
export const journalSeenConformance = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-161] ${name}: reads pass over what is not to be seen`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([
        ...["1", "2", "3"].map((id) => put(id, { n: Number(id) }, { team: "a" })),
        ...["0", "2", "4"].map((id) => put(id, { n: 9 }, { team: "b" }))
      ])
      const then = yield* moment(journal)
      yield* journal.write([inTeam(remove("3"), "a"), inTeam(remove("4"), "b")])
      const ids = (question: Partial<EntityQuery>) =>
        Effect.map(journal.query({ ...asked, ...question }), (rows) => rows.map(({ id }) => id).join(""))
      const idsThen = (question: Partial<EntityQuery>) =>
        Effect.map(journal.queryAt({ ...asked, ...question }, then), (rows) => rows.map(({ id }) => id).join(""))
      expect([yield* ids({}), yield* ids({ sees }), yield* ids({ sees, offset: 1 })]).toEqual(["0122", "12", "2"])
      expect([yield* idsThen({}), yield* idsThen({ sees }), yield* idsThen({ sees: () => false })]).toEqual([
        "012234",
        "123",
        ""
      ])
      expect([yield* ids({ fromId: "2" }), yield* ids({ fromId: "2", sees })]).toEqual(["22", "2"])
      expect([yield* idsThen({ fromId: "2", limit: 3 }), yield* idsThen({ fromId: "1x", sees })]).toEqual(["223", "23"])
      // Each is `{"n":9,"team":"b"}` or the like, 18 characters at most: the one that brings it above 20 is the last one.
      expect([yield* ids({ lengthMax: 1 }), yield* ids({ lengthMax: 20 }), yield* ids({ lengthMax: 1_000 })]).toEqual([
        "0",
        "01",
        "0122"
      ])
      const teams = (all: ReadonlyArray<{ readonly partition: Partition }>) =>
        all.map(({ partition }) => partition.header["team"])
      expect(teams(yield* journal.liveOf("note", "2", sees))).toEqual(["a"])
      expect(yield* journal.liveOf("note", "0", sees)).toEqual([])
      expect(teams(yield* journal.allAt("note", "2", then, sees))).toEqual(["a"])
      expect(yield* journal.allAt("note", "4", then, sees)).toEqual([])
      const history = (id: string) => journal.history({ type: "note", id, limit: 10, sees })
      expect((yield* history("3")).map(({ kind }) => kind)).toEqual(["deleted", "created"])
      expect(yield* history("4")).toEqual([])
    })
  )

  it.effect(`[JR-161] ${name}: what is not to be seen is neither restored nor undone, and is in nobody's way`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([put("1", {}, { team: "a" }), put("9", {}, { team: "b" })])
      const then = yield* moment(journal)
      const { commits } = yield* journal.write([
        put("1", { text: "new" }, { team: "a" }),
        put("9", { text: "new" }, { team: "b" })
      ])
      const [group] = (yield* journal.history({ type: "note", id: "1", limit: 1 })).map((entry) => entry.group)
      const reason = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
        Effect.map(Effect.flip(effect), (error) => (error as unknown as { reason: { _tag: string } }).reason._tag)
      expect(yield* reason(journal.restoration("note", "9", then, undefined, sees))).toBe("EntityNotFoundAt")
      expect(yield* journal.restoration("note", "9", then)).toHaveLength(1)
      const found = yield* Effect.all(commits.map((commit) => Effect.result(journal.reversal({ commit }, sees))))
      expect(found.map(({ _tag }) => _tag).toSorted()).toEqual(["Failure", "Success"])
      const whole = yield* journal.reversal({ group: group! })
      expect(whole.entities.map(({ id }) => id).toSorted()).toEqual(["1", "9"])
      expect((yield* journal.reversal({ group: group! }, sees)).entities.map(({ id }) => id)).toEqual(["1"])
      expect(yield* reason(journal.reversal({ group: group! }, () => false))).toBe("CommitNotFound")

      yield* journal.write([inTeam(remove("1"), "a"), put("1", {}, { team: "b" })])
      expect(yield* reason(journal.restoration("note", "1", then))).toBe("EntityInvalid")
      expect(yield* journal.restoration("note", "1", then, undefined, sees)).not.toEqual([])
      const [last] = yield* journal.history({ type: "note", id: "1", limit: 1, sees })
      expect((yield* journal.reversal({ commit: last!.commit })).entities[0]!.skipped).not.toEqual([])
      expect((yield* journal.reversal({ commit: last!.commit }, sees)).entities[0]).toMatchObject({ becomes: "live" })
    })
  )
}
