// A partition that is taken out leaves nothing behind in the files.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import type { EntityChange } from "@syncline/core"
import { Effect } from "effect"
import { openJournal, temporaryFolder } from "./temporaryFolder.ts"

const why = { rule: "team", policyVersion: 2, because: "not in the team south" }
const south = { type: "note", header: { team: "south" } }

const put = (team: string, id: string, text: string): EntityChange.EntityChange => ({
  partition: { type: "note", header: { team } },
  id,
  change: { kind: "put", lww: { text }, counters: {}, sets: {} }
})

/** In which files of a folder the bytes are. */
const filesWith = (folder: string, bytes: Uint8Array): ReadonlyArray<string> =>
  readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(Buffer.from(bytes)))

/** Some of the middle of a commit, where signatures and compressed events are. */
const middleOf = (bytes: Uint8Array): Uint8Array => bytes.slice(bytes.length / 2 - 12, bytes.length / 2 + 12)

it.live(
  "[SJ-21] no byte of what was taken out is left, whatever became of it before",
  () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const journal = yield* openJournal(folder)
      yield* journal.write([put("north", "n", "the northern secret")])
      for (let i = 0; i < 40; i++) {
        const changes = Array.from({ length: 20 }, (_, n) =>
          put("south", `s${n}`, `southern secret ${n} of ${i} `.repeat(i))
        )
        yield* journal.write(changes)
      }
      const { commits } = yield* journal.feed(0, "nobody" as never, 1e9)
      const middles = commits
        .filter(({ partition }) => partition.header["team"] === "south")
        .map((c) => middleOf(c.bytes))
      const before = middles.filter((bytes) => filesWith(folder, bytes).length > 0)
      expect(before.length).toBe(40)
      expect(filesWith(folder, Buffer.from("southern secret")).length).toBeGreaterThan(0)
      // Own work waits in quarantine; a person gives it up.
      const { withdrawn } = yield* journal.purge(south, why)
      expect(withdrawn.length).toBe(40)
      yield* journal.discard(withdrawn)
      yield* journal.purge(south, why)
      expect(filesWith(folder, Buffer.from("southern secret"))).toEqual([])
      expect(middles.filter((bytes) => filesWith(folder, bytes).length > 0)).toEqual([])
      expect(filesWith(folder, Buffer.from("northern secret")).length).toBeGreaterThan(0)
    }),
  60_000
)
