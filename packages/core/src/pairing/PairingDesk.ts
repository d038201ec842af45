/**
 * Pairing at the inviting device: makes codes, holds their slot, runs one visitor at a time, and lets people answer, in this
 * process or in another one on the same data folder. What letting a device in means is for whoever invites to say.
 */
import { Clock, Context, Effect, Exit, Layer, Scope, Semaphore } from "effect"
import { Crypto, type CryptoFunctions } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { MeetingError } from "./MeetingError.ts"
import * as PairingCode from "./PairingCode.ts"
import { because, JoinUnknown, type PairingError, PairingPaused } from "./PairingError.ts"
import type { HeldSlot, PairingMeeting } from "./PairingMeeting.ts"
import * as PairingInvitation from "./PairingInvitation.ts"
import type { PairingSelf } from "./PairingSession.ts"
import { PairingStore, type PairingStoreShape } from "./PairingStore.ts"
import * as PairingWindow from "./PairingWindow.ts"

/** Bytes of the id of a window or a request, which people type. */
const idBytes = 3

export interface InviteOptions<E> {
  readonly meeting: PairingMeeting
  /** What to grant; default `member`, and `null` where there are no roles. Only a person names a role that manages. */
  readonly role?: string | null
  /** The hub's address for the link, where the joiner could not know it. */
  readonly hub?: string
  /**
   * Lets the device in, durably, and gives what it is told. Called once, after a person has accepted; the role that was
   * chosen stands in the request. A failure ends the invitation, and the joiner hears no more than that.
   */
  readonly admit: (join: PairingWindow.Join) => Effect.Effect<Uint8Array, E>
  readonly onEvent?: (event: PairingInvitation.InvitationEvent) => Effect.Effect<void>
}

/** Codes to show, and what comes of them. */
export interface Invitation<E> {
  readonly window: PairingWindow.Window
  /** Twelve digits in fours, or six in threes where the meeting needs no slot. */
  readonly digits: string
  /** The same twelve digits as four words. */
  readonly words: string | undefined
  /** With a secret of 128 bits, for a picture. */
  readonly link: string | undefined
  /**
   * Serves visitors until one is let in. Fails with `WindowOver` when the codes are used up or their time is over, and as
   * the meeting and `admit` do. To be run once.
   */
  readonly outcome: Effect.Effect<PairingInvitation.Outcome, PairingError | MeetingError | E>
}

export interface PairingDeskShape {
  /**
   * Makes a code, in place of the one before, and holds its slot until the scope closes, with which the code ends. Fails
   * with `PairingPaused` when too many were burnt.
   */
  readonly invite: <E>(
    options: InviteOptions<E>
  ) => Effect.Effect<Invitation<E>, PairingError | MeetingError, Scope.Scope>
  /** Goes on with the code of a process that was killed, and its attempts; `undefined` when none of this kind of road is open. */
  readonly resume: <E>(
    options: InviteOptions<E>
  ) => Effect.Effect<Invitation<E> | undefined, PairingError | MeetingError, Scope.Scope>
  /** Devices that wait for a person, the oldest first. */
  readonly pending: Effect.Effect<ReadonlyArray<PairingWindow.Join>, PairingError>
  /** Lets one in, with the role of its invitation or another; fails with `JoinUnknown`. */
  readonly accept: (id: string, role?: string) => Effect.Effect<PairingWindow.Join, PairingError>
  readonly decline: (id: string) => Effect.Effect<PairingWindow.Join, PairingError>
  /** What came of a request, as far as it is remembered. */
  readonly joinOf: (id: string) => Effect.Effect<PairingWindow.Join | undefined, PairingError>
}

export interface DeskOptions {
  /** As its person calls this device, 1 to 64 characters. */
  readonly name: string
  readonly platform: string
  /** The space that joiners are invited to, 16 bytes. */
  readonly space: Uint8Array
}

export class PairingDesk extends Context.Service<PairingDesk, PairingDeskShape>()(
  "@syncline/core/pairing/PairingDesk"
) {
  static readonly layer = (options: DeskOptions) => Layer.effect(PairingDesk, make(options))
}

interface Desk {
  readonly crypto: CryptoFunctions
  readonly store: PairingStoreShape
  readonly self: PairingSelf
  /** One run at a time, whatever road it comes by. */
  readonly oneRun: Semaphore.Semaphore
}

const make = Effect.fnUntraced(function* ({ name, platform, space }: DeskOptions) {
  const desk: Desk = {
    crypto: yield* Crypto,
    store: yield* PairingStore,
    self: { signer: yield* DeviceKey, name, platform, space },
    oneRun: yield* Semaphore.make(1)
  }
  const shape: PairingDeskShape = {
    invite: (options) => invite(desk, options),
    resume: (options) => resume(desk, options),
    pending: Effect.flatMap(Clock.currentTimeMillis, (nowMs) =>
      Effect.map(desk.store.state, (state) => PairingWindow.waiting(state, nowMs))
    ),
    accept: (id, role) => answer(desk, id, "accepted", role),
    decline: (id) => answer(desk, id, "declined"),
    joinOf: (id) => Effect.map(desk.store.state, ({ joins }) => joins.find((join) => join.id === id))
  }
  return shape
})

const invite = Effect.fnUntraced(function* <E>(desk: Desk, options: InviteOptions<E>) {
  const { crypto, store } = desk
  const { meeting, role = PairingWindow.roleDefault } = options
  const { held, leave } = yield* holdSlot(meeting, undefined)
  const nowMs = yield* Clock.currentTimeMillis
  const opening = {
    id: Bytes.toHex(crypto.randomBytes(idBytes)),
    slot: held.slot,
    codes: drawn(crypto, meeting.isDirect),
    role
  }
  const opened = yield* store.change((state) => PairingWindow.open(state, nowMs, opening))
  if ("pausedUntilMs" in opened) {
    return yield* because(new PairingPaused({ untilMs: opened.pausedUntilMs, burnt: PairingWindow.burntMax }))
  }
  return yield* invitationOf(desk, options, opened, { held, leave })
})

interface Holding {
  readonly held: HeldSlot
  readonly leave: Effect.Effect<void>
}

/** The slot, and how to leave it before its scope closes: who comes to a code that is over should hear so at once. */
const holdSlot = Effect.fnUntraced(function* (meeting: PairingMeeting, slot: number | undefined) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const held = yield* meeting.hold(slot).pipe(Scope.provide(scope))
  return { held, leave: Scope.close(scope, Exit.void) } satisfies Holding
})

const resume = Effect.fnUntraced(function* <E>(desk: Desk, options: InviteOptions<E>) {
  const { window } = yield* desk.store.state
  if (!PairingWindow.isOpen(window, yield* Clock.currentTimeMillis)) return undefined
  // A code for the other kind of road cannot be served on this one.
  if (PairingWindow.codesOf(window, options.meeting.isDirect).length === 0) return undefined
  return yield* invitationOf(desk, options, window, yield* holdSlot(options.meeting, window.slot))
})

const drawn = ({ randomBytes }: CryptoFunctions, isDirect: boolean): PairingWindow.Opening["codes"] => {
  const digits = (count: number): Uint8Array => Bytes.utf8(PairingCode.randomDigits(randomBytes, count))
  if (isDirect) return [{ kind: "short", secret: digits(PairingCode.shortDigits) }]
  return [
    { kind: "digits", secret: digits(PairingCode.secretDigits) },
    { kind: "link", secret: randomBytes(PairingCode.linkSecretBytes) }
  ]
}

const invitationOf = Effect.fnUntraced(function* <E>(
  desk: Desk,
  { admit, hub, meeting, onEvent = () => Effect.void }: InviteOptions<E>,
  window: PairingWindow.Window,
  { held, leave }: Holding
) {
  const { store } = desk
  yield* Effect.addFinalizer(() => Effect.ignore(store.change((state) => PairingWindow.close(state, window.id))))
  const { isDirect } = meeting
  const codes = PairingWindow.codesOf(window, isDirect)
  const digits = codes.find(({ kind }) => kind === "digits")!
  const link = codes.find(({ kind }) => kind === "link")
  const invitation: Invitation<E> = {
    window,
    digits: PairingCode.toText(digits),
    words: isDirect ? undefined : PairingCode.toWords(digits),
    link: link === undefined ? undefined : PairingCode.toLink({ code: link, hub }),
    outcome: Effect.ensuring(PairingInvitation.serve({ ...desk, held, isDirect, codes, window, admit, onEvent }), leave)
  }
  return invitation
})

const answer = Effect.fnUntraced(function* (
  { store }: Desk,
  id: string,
  said: "accepted" | "declined",
  role?: string
): Effect.fn.Return<PairingWindow.Join, PairingError> {
  const nowMs = yield* Clock.currentTimeMillis
  const join = yield* store.change((state) => PairingWindow.answer(state, nowMs, id, said, role))
  return join ?? (yield* because(new JoinUnknown({ id })))
})
