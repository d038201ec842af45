// What every mailbox must do, through the real client: at a Drive without faults, and at one where each request may fail.
import { MailboxConformance, SeededRandom } from "@syncline/core/testing"
import type { Mailbox } from "@syncline/core"
import { Clock, Effect } from "effect"
import { fileProperties } from "../src/DriveNames.ts"
import * as DriveFake from "../src/testing/DriveFake.ts"
import * as FastClock from "./FastClock.ts"
import { folderOf, mailboxAt } from "./Harness.ts"

/** The same mailbox, for which time goes faster. */
const fast = (mailbox: Mailbox.MailboxShape, clock: Clock.Clock): Mailbox.MailboxShape => ({
  put: (name, bytes) => Effect.provideService(mailbox.put(name, bytes), Clock.Clock, clock),
  list: Effect.provideService(mailbox.list, Clock.Clock, clock),
  get: (owner, name) => Effect.provideService(mailbox.get(owner, name), Clock.Clock, clock),
  remove: (name) => Effect.provideService(mailbox.remove(name), Clock.Clock, clock),
  changes: mailbox.changes
})

const setup = (failure: number) =>
  Effect.gen(function* () {
    const clock = yield* FastClock.make
    const fake = yield* DriveFake.make({ chance: new SeededRandom.SeededRandom(7) })
    Object.assign(fake.faults, { failure, disconnect: failure / 5 })
    const mailbox = mailboxAt(fake, "conformance", { pollEveryMs: 100 })
    return {
      open: (place: Mailbox.MailboxPlace) =>
        Effect.map(Effect.provideService(mailbox.open(place), Clock.Clock, clock), (shape) => fast(shape, clock)),
      plant: ({ owner, space }: Mailbox.MailboxPlace, name: string, bytes: Uint8Array) =>
        Effect.sync(() => {
          fake.plant({ name, parents: [folderOf(fake)], appProperties: fileProperties(space, owner, name), bytes })
        }),
      seenMsMax: 5_000
    }
  })

MailboxConformance.mailboxConformance("gdrive", setup(0))
MailboxConformance.mailboxConformance("gdrive, where one request in twenty fails", setup(0.05))
