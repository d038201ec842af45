/**
 * Three devices at a mailbox that fails in every way: they write and look for a while, then the provider behaves, and all must have
 * the same. From one seed, exactly repeatable.
 */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { missingMsMax } from "../../src/mailbox/MailboxReading.ts"
import * as FlakyMailbox from "../../src/testing/FlakyMailbox.ts"
import { change, patch, put, startMs, stateHash } from "../../src/testing/JournalFixture.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import * as SimulatedSeal from "../../src/testing/SimulatedSeal.ts"
import { join, type MailboxDevice, peerOf, type Rules } from "./mailboxDevices.ts"

const rules: Rules = { known: new Set([1, 2, 3]), secretTo: new Set([1, 2, 3]) }
const bad: FlakyMailbox.Flakiness = {
  delayMsMax: 120_000,
  partial: 0.1,
  failure: 0.05,
  vanish: 0.005,
  conflict: 0.1,
  rename: 0.003,
  restore: 0.02
}

/** What came of a run. */
export interface FlakyOutcome {
  readonly seed: number
  /** Transactions that were confirmed. */
  readonly written: number
  /** Simulated milliseconds from when the provider behaved until all had the same; `undefined` when they never had. */
  readonly agreedMs: number | undefined
  /** Files that no device wrote and that some device changed or removed. */
  readonly touched: ReadonlyArray<string>
  /** Count and hash of the records in the end. */
  readonly state: string
}

const writeOnce = (device: MailboxDevice, random: SeededRandom, number: number) => {
  const id = `n${random.between(1, 12)}`
  const ids = Array.from({ length: random.between(1, 5) }, (_, i) => `${number}/${i}`)
  switch (random.between(0, 3)) {
    case 0:
      return device.write(put(id, { text: `${number}` }))
    case 1:
      return Effect.ignore(device.write(patch(id, { text: `${number}` })))
    case 2:
      return device.write(change("sum", { counters: { hits: 1 } }))
    default:
      return device.write(...ids.map((each) => put(each, { text: "x" })))
  }
}

/** How often it is looked whether they agree, and for how long at most, in milliseconds. */
const everyMs = missingMsMax / 8
const agreeMsMax = 24 * 3_600_000

/** Runs one seed. */
export const run = Effect.fnUntraced(function* (seed: number) {
  yield* TestClock.setTime(startMs)
  const random = new SeededRandom(seed)
  const folder = FlakyMailbox.makeFolder(new SeededRandom(seed, 1), bad)
  const devices: Array<MailboxDevice> = []
  for (const device of [1, 2, 3]) {
    const seal = SimulatedSeal.of(peerOf(device))
    devices.push(yield* join(FlakyMailbox.make(folder), device, rules, { seal }))
  }
  let written = 0
  for (let turn = 0; turn < 150; turn++) {
    const device = random.pick(devices)
    if (random.chance(0.4)) {
      const before = yield* device.journal.head
      yield* writeOnce(device, random, turn)
      if ((yield* device.journal.head) > before) written++
    } else yield* Effect.ignore(device.step)
    yield* TestClock.adjust(random.between(1, 20_000))
  }
  folder.flakiness = FlakyMailbox.steady
  let agreedMs: number | undefined
  let states: ReadonlyArray<string> = []
  for (let ms = 0; ms <= agreeMsMax; ms += everyMs) {
    for (const device of devices) yield* device.step
    yield* TestClock.adjust(everyMs)
    states = yield* Effect.forEach(devices, ({ journal }) =>
      Effect.map(stateHash(journal), (state) => JSON.stringify(state))
    )
    if (new Set(states).size > 1) continue
    agreedMs = ms
    break
  }
  const outcome: FlakyOutcome = {
    seed,
    written,
    agreedMs,
    touched: FlakyMailbox.touchedForeign(folder),
    state: states[0]!
  }
  return outcome
})
