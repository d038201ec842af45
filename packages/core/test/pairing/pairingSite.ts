// An inviting device, its meeting place and joiners of it, in one process.
import { Deferred, Effect, Layer, Queue } from "effect"
import { Crypto } from "../../src/crypto/Crypto.ts"
import { DeviceKey } from "../../src/crypto/DeviceKey.ts"
import * as PeerId from "../../src/identity/PeerId.ts"
import * as MemoryMeeting from "../../src/pairing/MemoryMeeting.ts"
import * as PairingCode from "../../src/pairing/PairingCode.ts"
import { type InviteOptions, PairingDesk } from "../../src/pairing/PairingDesk.ts"
import * as PairingGrant from "../../src/pairing/PairingGrant.ts"
import type { InvitationEvent } from "../../src/pairing/PairingInvitation.ts"
import { joinWith } from "../../src/pairing/PairingJoin.ts"
import type { PairingMeeting } from "../../src/pairing/PairingMeeting.ts"
import type { PairingPeer } from "../../src/pairing/PairingSession.ts"
import { PairingStore } from "../../src/pairing/PairingStore.ts"
import * as PairingWindow from "../../src/pairing/PairingWindow.ts"
import { crypto, signerOf } from "../nodeCrypto.ts"

export const [laptop, phone] = [signerOf(1), signerOf(2)]
export const space = new Uint8Array(16).fill(9)
export const phoneId = PeerId.fromPublicKey(phone.publicKey)
export const layerCrypto = Layer.succeed(Crypto, crypto)

export interface Kept {
  state: PairingWindow.PairingState
}

/** The desk of the laptop on what is kept. */
export const layerDesk = (kept: Kept = { state: PairingWindow.empty }) => layerDeskOn(PairingStore.layerMemory(kept))

export const layerDeskOn = (store: Layer.Layer<PairingStore>) =>
  PairingDesk.layer({ name: "laptop", platform: "linux", space }).pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        layerCrypto,
        store,
        Layer.succeed(DeviceKey, { ...laptop, peer: PeerId.fromPublicKey(laptop.publicKey) })
      )
    )
  )

export const grantOf = ({ role }: PairingWindow.Join): PairingGrant.PairingGrant => ({
  version: 1,
  spaceName: "home",
  policy: "enterprise",
  hub: null,
  hubAddress: null,
  member: "mia",
  role
})

/** An invitation under way, with what its device was told. */
export const inviting = Effect.fnUntraced(function* (
  meeting: PairingMeeting,
  more: Partial<InviteOptions<never>> & { readonly isResuming?: boolean } = {}
) {
  const desk = yield* PairingDesk
  const events = yield* Queue.unbounded<InvitationEvent>()
  const admitted: Array<PairingWindow.Join> = []
  const options: InviteOptions<never> = {
    meeting,
    admit: (join) =>
      Effect.sync(() => {
        admitted.push(join)
        return PairingGrant.encode(grantOf(join))
      }),
    onEvent: (event) => Effect.asVoid(Queue.offer(events, event)),
    ...more
  }
  const invited = yield* more.isResuming === true ? desk.resume(options) : desk.invite(options)
  if (invited === undefined) throw new Error("there is no code to go on with")
  const outcome = yield* Effect.forkScoped(Effect.result(invited.outcome), { startImmediately: true })
  /** The next event of a kind; what comes before it is passed over. */
  const next = Effect.fnUntraced(function* <Tag extends InvitationEvent["_tag"]>(tag: Tag) {
    for (;;) {
      const event = yield* Queue.take(events)
      if (event._tag === tag) return event as Extract<InvitationEvent, { readonly _tag: Tag }>
    }
  })
  return { desk, invited, outcome, next, admitted }
})

export const codeOf = (text: string): PairingCode.PairingCode => {
  const parsed = PairingCode.parse(text)
  if (parsed._tag === "Failure") throw parsed.failure
  return parsed.success.code
}

/** The same slot with another secret. */
export const wrongOf = (text: string): PairingCode.PairingCode => {
  const { kind, secret, slot } = codeOf(text)
  const wrong = secret.slice()
  wrong[0] = kind === "link" ? secret[0]! ^ 1 : secret[0] === 0x30 ? 0x31 : 0x30
  return { kind, secret: wrong, slot }
}

/** What a joiner was shown and kept, and how it ended. */
export interface Joined {
  readonly peer: PairingPeer | undefined
  readonly checkNumber: string | undefined
  readonly grant: PairingGrant.PairingGrant | undefined
  /** "paired", or the name of what went wrong. */
  readonly end: string
}

/** The phone joins with a code. */
export const joining = Effect.fnUntraced(function* (
  meeting: PairingMeeting,
  code: PairingCode.PairingCode,
  {
    isKept = true,
    isWanted = true,
    shown
  }: { readonly isKept?: boolean; readonly isWanted?: boolean; readonly shown?: Deferred.Deferred<string> } = {}
) {
  const seen: { -readonly [K in keyof Joined]: Joined[K] } = {
    peer: undefined,
    checkNumber: undefined,
    grant: undefined,
    end: "paired"
  }
  yield* joinWith(code, meeting, {
    signer: phone,
    name: "phone",
    platform: "android",
    show: (peer, checkNumber) =>
      Effect.gen(function* () {
        seen.peer = peer
        seen.checkNumber = checkNumber
        if (shown !== undefined) yield* Deferred.succeed(shown, checkNumber)
        if (!isWanted) return yield* Effect.fail("unwanted")
      }),
    keep: (_, grant) =>
      isKept ? Effect.sync(() => void (seen.grant = PairingGrant.decode(grant))) : Effect.fail("no room")
  }).pipe(
    Effect.catch((error) =>
      Effect.sync(() => {
        if (typeof error === "string") seen.end = error
        else seen.end = error.reason._tag === "PairingFailed" ? error.reason.code : error.reason._tag
      })
    )
  )
  return seen as Joined
})

export const place = (isDirect = false): PairingMeeting => MemoryMeeting.make(MemoryMeeting.makePlace(), { isDirect })
