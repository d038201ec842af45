// Devices at a mailbox that fails in every way: in the end all have the same, and nobody changed what is another's.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { missingMsMax } from "../../src/mailbox/MailboxReading.ts"
import * as FlakyMailbox from "../../src/testing/FlakyMailbox.ts"
import { change, patch, put, startMs, stateHash } from "../../src/testing/JournalFixture.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import * as SimulatedSeal from "../../src/testing/SimulatedSeal.ts"
import { join, peerOf, type MailboxDevice, type Rules } from "./mailboxDevices.ts"

const rules: Rules = { known: new Set([1, 2, 3]), secretTo: new Set([1, 2, 3]) }
const bad: FlakyMailbox.Flakiness = { delayMsMax: 120_000, partial: 0.1, failure: 0.05, vanish: 0.005, conflict: 0.1 }

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

const seeds = Array.from({ length: 12 }, (_, i) => i + 1)

it.effect.each(seeds)("[MX-8] whatever the provider does, all have the same in the end: seed %i", (seed) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const random = new SeededRandom(seed)
    const folder = FlakyMailbox.makeFolder(new SeededRandom(seed, 1), bad)
    const devices: Array<MailboxDevice> = []
    for (const device of [1, 2, 3]) {
      const seal = SimulatedSeal.of(peerOf(device))
      devices.push(yield* join(FlakyMailbox.make(folder), device, rules, { seal }))
    }
    let counted = 0
    for (let turn = 0; turn < 150; turn++) {
      const device = random.pick(devices)
      if (random.chance(0.4)) {
        const before = yield* device.journal.head
        yield* writeOnce(device, random, turn)
        if ((yield* device.journal.head) > before) counted++
      } else yield* Effect.ignore(device.step)
      yield* TestClock.adjust(random.between(1, 20_000))
    }
    expect(counted).toBeGreaterThan(20)
    folder.flakiness = FlakyMailbox.steady
    for (let round = 0; round < 120; round++) {
      for (const device of devices) yield* device.step
      yield* TestClock.adjust(missingMsMax / 8)
      const hashes = new Set<string>()
      for (const { journal } of devices) hashes.add(JSON.stringify(yield* stateHash(journal)))
      if (hashes.size === 1) return
    }
    return yield* Effect.die("they never agree")
  })
)
