/**
 * What a journal says of the commits of a batch that were new to it, and by how many live records each made it grow: whoever counts
 * that per device has the number of records. A part of `JournalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { batch, commitsOf, type MakeJournal, notes, open, patch, pull, put, remove, startMs } from "./JournalFixture.ts"

export const freshConformance = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-162] ${name}: each commit that is new is told with the records that it made or deleted, once`, () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write(notes(0, 3))
      const first = batch(a, yield* commitsOf(a))
      expect(yield* b.receive(first)).toMatchObject({ fresh: [[0, 3]] })
      expect(yield* b.receive(first)).toMatchObject({ fresh: [], known: 3 })
      yield* pull(a, c)
      yield* a.write([remove(notes(0, 1)[0]!.id), put("more", { text: "new" }), put("most", { text: "new" })])
      yield* a.write([patch("more", { text: "changed" })])
      const commits = yield* commitsOf(a)
      expect((yield* b.receive(batch(a, commits))).fresh.map(([, records]) => records)).toEqual([1, 0])
      // Two devices delete one record: it is gone once.
      yield* c.write([remove(notes(1, 2)[0]!.id)])
      yield* a.write([remove(notes(1, 2)[0]!.id)])
      expect(yield* b.receive(batch(c, (yield* commitsOf(c)).slice(-1)))).toMatchObject({ fresh: [[0, -1]] })
      expect(yield* b.receive(batch(a, (yield* commitsOf(a)).slice(-1)))).toMatchObject({ fresh: [[0, 0]] })
      expect(yield* b.count("note")).toBe(3)
    })
  )

  it.effect(`[JR-162] ${name}: what is kept in quarantine is new once, and its records are told when it leaves`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* TestClock.setTime(startMs + 60_000)
      yield* a.write(notes(0, 2))
      const early = { ...batch(a, yield* commitsOf(a)), aheadMsMax: 0 }
      yield* TestClock.setTime(startMs)
      expect(yield* b.receive(early)).toMatchObject({ held: 1, fresh: [[0, 0]] })
      expect(yield* b.receive(early)).toMatchObject({ held: 1, fresh: [] })
      const [entry] = yield* b.quarantine({ after: 0, limit: 1 })
      const released = yield* b.release([entry!.id])
      expect(released).toMatchObject({ grown: [{ author: a.device, peer: a.device, records: 2 }] })
    })
  )

  it.effect(`[JR-163] ${name}: the bytes that are held grow with what comes, and not with what is known`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const before = yield* b.bytesHeld
      for (let n = 0; n < 40; n++) yield* a.write([put(`n${n}`, { text: `${n}`.repeat(4_000) })])
      yield* pull(a, b)
      const after = yield* b.bytesHeld
      expect(after - before).toBeGreaterThan(16_000)
      yield* b.receive(batch(a, yield* commitsOf(a)))
      expect(yield* b.bytesHeld).toBe(after)
    })
  )
}
