/**
 * What a device remembers of a mailbox from one start to the next: how far it has written and read. It is stored before
 * anything rests on it. When it is lost the device begins anew under the same journal: what it writes again is known
 * everywhere, and what it reads again is known here.
 */
import { Context, Effect, Layer } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import type { JournalError } from "../journal/JournalError.ts"
import * as MessagePack from "../model/MessagePack.ts"
import type { Answer, Named, Segment, Streams } from "./MailboxHead.ts"

/** Readers who see the same, and what was written for them. */
export interface Group {
  readonly readers: ReadonlyArray<PeerId>
  /** This journal's arrival number up to which each stream goes. */
  readonly upto: Streams<number>
  readonly streams: Streams<ReadonlyArray<Segment & { readonly bytes: number }>>
  /** Records of the charter that were written for them, and for what: who lacked what. */
  readonly charter: { readonly segments: ReadonlyArray<Named>; readonly lacked: string }
  /** Of the newest head that was written for them: its file's name, and what it said, to tell whether there is news. */
  readonly heads: ReadonlyArray<string>
  readonly said: string
}

/** What was read of another device. */
export interface Reading {
  readonly incarnation: string
  /** Of the newest head that was read. An older one counts for nothing. */
  readonly counter: number
  readonly upto: Streams<number>
  /** The last question to this device, and with which roots here and there it was asked: one question for each. */
  readonly asked: number
  readonly askedWith: string
  /** The last answer that was read. */
  readonly answered: number
}

export interface MailboxState {
  /** The journal's incarnation for which it holds. */
  readonly incarnation: string
  /** Of the file written last. */
  readonly counter: number
  readonly groups: ReadonlyArray<Group>
  readonly readings: { readonly [owner: string]: Reading }
  readonly answers: ReadonlyArray<Answer & { readonly sinceMs: number }>
  /** Own files that no head names any more, and since when. */
  readonly fossils: ReadonlyArray<readonly [name: string, sinceMs: number]>
}

export const initial = (incarnation: string): MailboxState => ({
  incarnation,
  counter: 0,
  groups: [],
  readings: {},
  answers: [],
  fossils: []
})

export const noReading = (incarnation: string): Reading => ({
  incarnation,
  counter: 0,
  upto: { own: 0, relayed: 0 },
  asked: 0,
  askedWith: "",
  answered: 0
})

/** Where it is kept: one blob for each mailbox, replaced as a whole. */
export class MailboxStore extends Context.Service<
  MailboxStore,
  {
    readonly load: (mailbox: string) => Effect.Effect<Uint8Array | undefined, JournalError>
    /** Durable when it succeeds. */
    readonly save: (mailbox: string, bytes: Uint8Array) => Effect.Effect<void, JournalError>
  }
>()("@syncline/core/mailbox/MailboxStore") {
  static readonly layerMemory = (kept: Map<string, Uint8Array> = new Map()): Layer.Layer<MailboxStore> =>
    Layer.succeed(MailboxStore, {
      load: (mailbox) => Effect.sync(() => kept.get(mailbox)),
      save: (mailbox, bytes) => Effect.sync(() => void kept.set(mailbox, bytes))
    })
}

const version = 1

export const encode = (state: MailboxState): Uint8Array => MessagePack.pack([version, state])

/** The state in bytes that this device wrote; `undefined` for one of another version, or of another journal. */
export const decode = (bytes: Uint8Array | undefined, incarnation: string): MailboxState | undefined => {
  if (bytes === undefined) return undefined
  const [written, state] = MessagePack.unpackOwn(bytes) as readonly [number, MailboxState]
  return written === version && state.incarnation === incarnation ? state : undefined
}
