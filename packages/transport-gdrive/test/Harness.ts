/**
 * What the tests of this package share: devices at the fake, and time that goes on by itself while something waits for it.
 */
import type { Mailbox, MailboxError } from "@syncline/core"
import { MailboxName } from "@syncline/core"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { createHash } from "node:crypto"
import { googleDrive } from "../src/GoogleDrive.ts"
import type { GoogleDriveOptions } from "../src/GoogleDriveOptions.ts"
import type { DriveFake } from "../src/testing/DriveFake.ts"
import * as TokenStore from "../src/TokenStore.ts"

const tagOf = (letter: string): string => letter.repeat(MailboxName.tagLength)
export const space = tagOf("s")
export const [left, right] = [tagOf("a"), tagOf("b")] as const
export const startMs = 1_800_000_000_000

export const bytesOf = (length: number, first = 7): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (first + i) % 256)

/** The name of a file with this content. */
export const nameOf = (bytes: Uint8Array, counter = 1): string =>
  MailboxName.print({ kind: "seg", counter, hash: MailboxName.hashOf(sha256, bytes) })

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest()

/** The mailbox of a device that is signed in; each list asks the fake. */
export const mailboxAt = (
  fake: DriveFake,
  client: string,
  options: Partial<GoogleDriveOptions> = {}
): Mailbox.Mailbox =>
  googleDrive({
    app: fake.app,
    tokens: TokenStore.makeMemory(fake.signIn(client)),
    endpoints: fake.endpoints,
    freshForMs: 0,
    ...options
  })

export const openAt = (fake: DriveFake, owner: string, options: Partial<GoogleDriveOptions> = {}) =>
  mailboxAt(fake, owner.slice(0, 1), options).open({ space, owner })

/** Lets the test's clock run while something waits, about a hundred times as fast as real time. */
export const running = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
  while (fiber.pollUnsafe() === undefined) {
    yield* TestClock.withLive(Effect.sleep(2))
    yield* TestClock.adjust(200)
  }
  return yield* Fiber.join(fiber)
})

export const reasonOf = <A, R>(effect: Effect.Effect<A, MailboxError.MailboxError, R>) =>
  Effect.flatMap(Effect.flip(effect), ({ reason }) => Effect.succeed(reason)).pipe(
    Effect.catch(() => Effect.die("it succeeded"))
  )

export const namesOf = (mailbox: Mailbox.MailboxShape) =>
  Effect.map(mailbox.list, (files) => files.map(({ name }) => name).sort())

/** The folder of the mailbox that the fake has. */
export const folderOf = (fake: DriveFake): string =>
  fake.files().find(({ appProperties }) => appProperties["syncline"] === "mailbox-1")?.id ?? ""
