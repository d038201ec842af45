/**
 * The contract of a mailbox: a place that stores files and forwards them some time, e.g. a folder that a cloud drive copies
 * from device to device. Each device has a directory there and writes in no other; what it has written it never changes. A
 * mailbox promises little: files come late, in any order, twice, in part, or are gone. It never opens a file, orders files or
 * asks who may read; what they mean is `MailboxSync`'s business.
 */
import type { Effect, Scope, Stream } from "effect"
import type { MailboxError } from "./MailboxError.ts"

/** One file as the listing shows it. */
export interface Listed {
  /** The directory that it is in: `MailboxName.ownerTag` of the device that wrote it. */
  readonly owner: string
  readonly name: string
  /** Its length in bytes as far as the provider knows it. */
  readonly bytes: number
}

export interface MailboxCapabilities {
  /** `mailbox`: stores and forwards. */
  readonly kind: "mailbox"
  /** How long what was written may wait for more to go with it, in milliseconds. */
  readonly flushAfterMs: number
  /** How often to look when nothing says that something came, in milliseconds. */
  readonly pollEveryMs: number
}

/** Largest file in bytes. Google Drive takes 5 MB in one request. */
export const fileBytesMax = 4 * 1024 * 1024
/** A mailbox of one device in one space, open until its scope closes. */
export interface MailboxShape {
  /**
   * What tells this place from another of the same address, such as the account that a login is of; nothing where the address
   * says it all. What a device remembers of a mailbox holds for this one.
   */
  readonly account?: string
  /**
   * Writes a file into this device's directory. It is durable where this device writes it once this succeeds, and readers
   * see it whole or not at all. A name stands for its content: writing it again is fine. Fails with `FileTooLarge`,
   * `MailboxFull`, `MailboxBusy`, `MailboxDenied`, `MailboxUnreachable`; then nothing is there, or the whole file.
   */
  readonly put: (name: string, bytes: Uint8Array) => Effect.Effect<void, MailboxError>
  /**
   * All files whose names `MailboxName.parse` knows, in directories of the space whose names `MailboxName.isTag` knows, in
   * no order. What was just written may be missing, and what is shown may not be readable yet.
   */
  readonly list: Effect.Effect<ReadonlyArray<Listed>, MailboxError>
  /**
   * The bytes of a file, which nobody has checked. Fails with `FileNotThere` while it cannot be read, with `FileTooLarge`
   * before anything large is in memory.
   */
  readonly get: (owner: string, name: string) => Effect.Effect<Uint8Array, MailboxError>
  /** Removes a file from this device's directory; one that is not there is fine. */
  readonly remove: (name: string) => Effect.Effect<void, MailboxError>
  /** Emits when something may have come. It may say so too often, too late or never. */
  readonly changes: Stream.Stream<void>
}

/** Whose directory a mailbox is opened for. */
export interface MailboxPlace {
  /** `MailboxName.spaceTag`. */
  readonly space: string
  /** `MailboxName.ownerTag`. */
  readonly owner: string
}

/** A mailbox plugin: a value made by one factory, like a transport. */
export interface Mailbox {
  /** Short name, unique among a node's transports and mailboxes, e.g. `folder`. */
  readonly name: string
  readonly capabilities: MailboxCapabilities
  /** For people: where it is, without any secret. */
  readonly address: string
  /** Fails with `MailboxUnreachable`, `MailboxDenied` or `MailboxUnfit`. Opened twice for one place, the second fails. */
  readonly open: (place: MailboxPlace) => Effect.Effect<MailboxShape, MailboxError, Scope.Scope>
}
