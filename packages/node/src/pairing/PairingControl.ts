/**
 * Pairing and trust of one device with promises, by the names that the systems before this one had for them. It makes codes
 * and joins by them over one meeting place, and keeps whom the device trusts in its list of trusted peers. Which space the
 * devices share both know already; a new device's folder is made by whoever runs it.
 */
import { Bytes, type Crypto, DeviceKey, PeerId, type SpaceId } from "@syncline/core"
import {
  joinWith,
  PairingCode,
  PairingDesk,
  PairingError,
  PairingGrant,
  type PairingMeeting,
  type PairingSession,
  type PairingWindow
} from "@syncline/core/pairing"
import { Context, Effect, Exit, Result, Scope } from "effect"
import * as TrustFile from "../TrustFile.ts"
import type { TrustFileError } from "../TrustFileError.ts"
import { PairingControlError, SpaceDiffers } from "./PairingControlError.ts"

/** A device that asks to join, as the person is shown it. */
export interface PairingRequest {
  readonly id: string
  readonly peer: PeerId.PeerId
  /** As its person calls it; any text of 1 to 64 characters. */
  readonly name: string
  readonly platform: string
  /** Four digits that must be the same on the other screen. */
  readonly checkNumber: string
}

/** A code to show, and what comes of it. */
export interface SyncCode {
  /** Twelve digits in fours; six in threes where the devices meet directly, and then nothing else. */
  readonly digits: string
  /** The same as four words. */
  readonly words: string | undefined
  /** The same invitation with a secret of 128 bits, for a QR picture. */
  readonly link: string | undefined
  readonly expires: Date
  /** The device that was let in; rejects with `PairingError` or `MeetingError` when there was none. */
  readonly paired: Promise<PairingRequest>
  /** Ends the code. */
  readonly cancel: () => Promise<void>
}

/** What came of a code that was brought here. */
export type SyncCodeVerdict =
  | { readonly isVerified: true; readonly peer: PeerId.PeerId; readonly name: string }
  /** `reason` is the name of what went wrong, e.g. `CodeWrong`, `CodeUsedUp`, `Declined`, `SlotEmpty`. */
  | { readonly isVerified: false; readonly reason: string; readonly message: string }

export interface VerifyOptions {
  /** Told the four digits that the inviter's screen must show, and who invites, while its person decides. */
  readonly onCheckNumber?: (
    checkNumber: string,
    inviter: { readonly peer: PeerId.PeerId; readonly name: string }
  ) => void
}

export interface PairingControl {
  /** Makes a code, in place of the one before: five minutes, one use, three attempts, or one where devices meet directly. */
  readonly generateSyncCode: () => Promise<SyncCode>
  /**
   * Brings a code from the other device, runs the pairing once and waits for its person; then both trust each other. A typing
   * error is told without spending an attempt, but for six digits, which have no check digit. Rejects only when this device's own files fail.
   */
  readonly verifySyncCode: (code: string, options?: VerifyOptions) => Promise<SyncCodeVerdict>
  /** Devices that wait for an answer here. */
  readonly pendingRequests: () => Promise<ReadonlyArray<PairingRequest>>
  readonly acceptRequest: (id: string) => Promise<void>
  readonly declineRequest: (id: string) => Promise<void>
  /** Trusts a device without a code; false when it was trusted. Rejects with `TrustFileError`. */
  readonly trustPeer: (peer: string, comment?: string) => Promise<boolean>
  readonly isTrusted: (peer: string) => Promise<boolean>
  readonly trustedPeers: () => Promise<ReadonlyArray<PeerId.PeerId>>
  /** Trusts it no longer: its links end within seconds. False when it was not trusted. */
  readonly revokeTrust: (peer: string) => Promise<boolean>
}

export interface ControlOptions {
  readonly folder: string
  readonly space: SpaceId.SpaceId
  readonly spaceName: string
  readonly name: string
  readonly platform: string
  readonly meeting: PairingMeeting.PairingMeeting
  /** Asked about each device that knows a code; without it `acceptRequest` and `declineRequest` answer. */
  readonly onRequest: ((request: PairingRequest) => boolean | Promise<boolean>) | undefined
}

type Services = Crypto.Crypto | DeviceKey.DeviceKey | PairingDesk.PairingDesk

/** What the operations work on. Codes that are open end with the scope. */
interface Control extends ControlOptions {
  readonly services: Context.Context<Services>
  readonly scope: Scope.Scope
}

export const make = Effect.fnUntraced(function* (options: ControlOptions) {
  const services = yield* Effect.context<Services>()
  const scope = yield* Effect.scope
  const control: Control = { ...options, services, scope }
  const { folder } = options
  const desk = Context.get(services, PairingDesk.PairingDesk)
  const run = Effect.runPromise
  const shape: PairingControl = {
    generateSyncCode: () => generate(control),
    verifySyncCode: (code, more = {}) => Effect.runPromiseWith(services)(verify(control, code, more)),
    pendingRequests: () => run(Effect.map(desk.pending, (joins) => joins.map(requestOf))),
    acceptRequest: (id) => run(Effect.asVoid(desk.accept(id))),
    declineRequest: (id) => run(Effect.asVoid(desk.decline(id))),
    trustPeer: (peer, comment) => run(TrustFile.add(folder, peer, comment)),
    isTrusted: (peer) => run(Effect.map(TrustFile.read(folder), (peers) => [...peers].some((each) => each === peer))),
    trustedPeers: () => run(Effect.map(TrustFile.read(folder), (peers) => [...peers])),
    revokeTrust: (peer) => run(TrustFile.remove(folder, peer))
  }
  return shape
})

const requestOf = ({ checkNumber, id, name, peer, platform }: PairingWindow.Join): PairingRequest => ({
  id,
  peer,
  name,
  platform,
  checkNumber
})

/** What stands behind a trusted peer in the file; a name is whatever somebody typed. */
const commentOf = (name: string): string => `${name.replaceAll(/\p{C}/gu, "")}, paired`

const generate = async (control: Control): Promise<SyncCode> => {
  const { folder, meeting, onRequest, scope: within, services, spaceName } = control
  const desk = Context.get(services, PairingDesk.PairingDesk)
  const scope = await Effect.runPromise(Scope.fork(within))
  const cancel = (): Promise<void> => Effect.runPromise(Scope.close(scope, Exit.void))
  const invite = desk.invite({
    meeting,
    role: null,
    admit: ({ name, peer }) => Effect.as(TrustFile.add(folder, peer, commentOf(name)), grantOf(spaceName)),
    onEvent: (event) => (event._tag === "Asked" ? askApplication(desk, onRequest, event.join) : Effect.void)
  })
  try {
    const { digits, link, outcome, window, words } = await Effect.runPromise(Scope.provide(invite, scope))
    const serving = Effect.map(outcome, ({ join }) => requestOf(join))
    const paired = Effect.runPromise(Effect.ensuring(serving, Scope.close(scope, Exit.void)))
    // Who only looks at the list of trusted peers need not listen.
    paired.catch(() => undefined)
    return { digits, words, link, expires: new Date(window.expiresMs), paired, cancel }
  } catch (error) {
    await cancel()
    throw error
  }
}

const grantOf = (spaceName: string): Uint8Array =>
  PairingGrant.encode({
    version: 1,
    spaceName,
    policy: "personal",
    hub: null,
    hubAddress: null,
    member: null,
    role: null
  })

/** Asks beside the run, which goes on listening to the joiner. What the application throws is a no. */
const askApplication = (
  desk: PairingDesk.PairingDeskShape,
  onRequest: ControlOptions["onRequest"],
  join: PairingWindow.Join
): Effect.Effect<void> => {
  if (onRequest === undefined) return Effect.void
  return Effect.tryPromise(async () => onRequest(requestOf(join))).pipe(
    Effect.orElseSucceed(() => false),
    Effect.flatMap((isLetIn) => (isLetIn ? desk.accept(join.id) : desk.decline(join.id))),
    Effect.ignore,
    Effect.forkDetach,
    Effect.asVoid
  )
}

const verify = Effect.fnUntraced(function* (control: Control, text: string, { onCheckNumber }: VerifyOptions) {
  const parsed = PairingCode.parse(text)
  if (Result.isFailure(parsed)) return refused(PairingError.because(parsed.failure))
  const signer = yield* DeviceKey.DeviceKey
  const { folder, meeting, name, platform } = control
  return yield* joinWith<PairingControlError | TrustFileError>(parsed.success.code, meeting, {
    signer,
    name,
    platform,
    show: (peer, checkNumber) =>
      Effect.andThen(
        ofOurSpace(control, peer),
        Effect.sync(() => onCheckNumber?.(checkNumber, { peer: peerOf(peer), name: peer.name }))
      ),
    keep: (peer) => Effect.asVoid(TrustFile.add(folder, peerOf(peer), commentOf(peer.name)))
  }).pipe(
    Effect.map((peer): SyncCodeVerdict => ({ isVerified: true, peer: peerOf(peer), name: peer.name })),
    Effect.catch((error) => (error._tag === "TrustFileError" ? Effect.fail(error) : Effect.succeed(refused(error))))
  )
})

const peerOf = ({ device }: PairingSession.PairingPeer): PeerId.PeerId => PeerId.fromPublicKey(device)

/** Devices of different spaces have nothing to say to each other. */
const ofOurSpace = (
  { space, spaceName }: Control,
  peer: PairingSession.PairingPeer
): Effect.Effect<void, PairingControlError> =>
  peer.space !== null && Bytes.toHex(peer.space) === space
    ? Effect.void
    : Effect.fail(new PairingControlError({ reason: new SpaceDiffers({ space: spaceName }) }))

const refused = ({
  message,
  reason
}: {
  readonly message: string
  readonly reason: { readonly _tag: string }
}): SyncCodeVerdict => {
  const name = reason instanceof PairingError.PairingFailed ? reason.code : reason._tag
  return { isVerified: false, reason: name, message }
}
