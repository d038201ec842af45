import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { openJournal, temporaryFolder } from "./temporaryFolder.ts"

const rounds = 5

const startWriter = (folder: string, from: number) =>
  Effect.callback<{ readonly child: ChildProcess; readonly printed: () => string }>((resume) => {
    const script = join(import.meta.dirname, "writeForever.ts")
    const child = spawn(process.execPath, [script, folder, String(from)], { stdio: ["ignore", "pipe", "inherit"] })
    let text = ""
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8")
      resume(Effect.succeed({ child, printed: () => text }))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })

it.live(
  "[SJ-1] [DF-1] everything acknowledged survives kill -9, and the lock does not",
  () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const acknowledged = new Set<number>()
      for (let round = 0; round < rounds; round++) {
        const { child, printed } = yield* startWriter(folder, round * 1_000_000)
        yield* Effect.sleep(150 + 130 * round)
        expect(child.exitCode, "the writer still runs").toBeNull()
        const second = yield* Effect.flip(Effect.scoped(openJournal(folder)))
        expect(second.reason).toMatchObject({ _tag: "StoreInUse", path: folder })
        child.kill("SIGKILL")
        yield* Effect.promise(() => once(child, "close"))
        // A last line without its end was cut by the kill.
        const lines = printed().split("\n").slice(1, -1)
        for (const line of lines) acknowledged.add(Number(line))
        yield* Effect.scoped(assertThere(folder, acknowledged))
      }
      expect(acknowledged.size).toBeGreaterThan(rounds * 10)
    }),
  60_000
)

const assertThere = Effect.fnUntraced(function* (folder: string, numbers: ReadonlySet<number>) {
  const journal = yield* openJournal(folder)
  for (const number of numbers) {
    const found = yield* journal.get("note", `note ${number}`)
    expect(found?.fields["number"], `note ${number} of ${numbers.size}`).toBe(number)
  }
  const { rows } = yield* journal.partitions
  expect(rows[0]!.total.count).toBe(yield* journal.count("note"))
})
