/**
 * A process that writes to a journal until it is killed. It prints the number of each write once it is acknowledged;
 * several writes are under way at any time.
 */
import { Effect } from "effect"
import { writeAtOnce } from "./promptOutput.ts"
import { openJournal } from "./temporaryFolder.ts"

const [folder, from] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const journal = yield* openJournal(folder!)
  let next = Number(from)
  writeAtOnce("open\n")
  const writer = Effect.forever(
    Effect.suspend(() => {
      const number = next++
      const lww = { number, text: "x".repeat(number % 2000) }
      const change = { kind: "put" as const, lww, counters: {}, sets: {} }
      return journal
        .write([{ partition: { type: "note", header: {} }, id: `note ${number}`, change }])
        .pipe(Effect.tap(() => Effect.sync(() => writeAtOnce(`${number}\n`))))
    })
  )
  yield* Effect.all(
    Array.from({ length: 8 }, () => writer),
    { concurrency: "unbounded" }
  )
})

await Effect.runPromise(Effect.scoped(program))
