/**
 * The mailboxes of one node: an explicit list, with what sealing files and remembering takes. Two of one name and address are a
 * mistake in the program and refused when the node is composed.
 */
import { Context, Effect, Layer } from "effect"
import { FileSeal, type FileSealShape } from "../crypto/FileSeal.ts"
import type { Mailbox } from "./Mailbox.ts"
import { MailboxStore } from "./MailboxState.ts"

export class MailboxRegistry extends Context.Service<
  MailboxRegistry,
  {
    readonly all: ReadonlyArray<Mailbox>
    readonly seal: FileSealShape
    readonly store: MailboxStore["Service"]
  }
>()("@syncline/core/mailbox/MailboxRegistry") {
  static readonly layer = (
    mailboxes: ReadonlyArray<Mailbox>
  ): Layer.Layer<MailboxRegistry, never, FileSeal | MailboxStore> =>
    Layer.effect(
      MailboxRegistry,
      Effect.gen(function* () {
        const places = new Set(mailboxes.map(({ address, name }) => `${name} ${address}`))
        if (places.size < mailboxes.length) throw new TypeError("two mailboxes are the same place")
        return { all: mailboxes, seal: yield* FileSeal, store: yield* MailboxStore }
      })
    )
}
