// A team's hub with its desk for invitations, and newcomers who come to it with links.
import { Clock, Context, Effect, Exit, Layer, Result, Scope } from "effect"
import * as TestClock from "effect/testing/TestClock"
import * as Charter from "../../src/charter/Charter.ts"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import * as CharterRecord from "../../src/charter/CharterRecord.ts"
import { CharterStore } from "../../src/charter/CharterStore.ts"
import type { Signer } from "../../src/crypto/Crypto.ts"
import { type AuditedAction, Gate } from "../../src/gate/Gate.ts"
import type * as PeerId from "../../src/identity/PeerId.ts"
import * as InvitationLink from "../../src/onboarding/InvitationLink.ts"
import * as JoinAnswer from "../../src/onboarding/JoinAnswer.ts"
import * as JoinRequest from "../../src/onboarding/JoinRequest.ts"
import { type InviteOptions, OnboardingDesk } from "../../src/onboarding/OnboardingDesk.ts"
import { type OnboardingState, empty } from "../../src/onboarding/OnboardingState.ts"
import { OnboardingStore } from "../../src/onboarding/OnboardingStore.ts"
import { join, key, peer, record, space, startMs } from "../charter/fixture.ts"
import { functions as crypto, layerDevice, signerOf, signerOfSeed } from "../journal/nodeCrypto.ts"

export const hubDevice = 1
export const dayMs = 24 * 3_600_000

/** What outlives a process of the hub. */
export interface Disk {
  state: OnboardingState
  readonly records: Array<Uint8Array>
  readonly told: Array<AuditedAction>
}

export const newDisk = (): Disk => ({ state: empty, records: [], told: [] })

const founding: CharterOperation = {
  _tag: "Found",
  name: "office",
  hub: key(hubDevice),
  member: "ann",
  memberName: "Ann",
  device: key(hubDevice),
  deviceName: "the hub"
}

const sales: CharterOperation = { _tag: "SetTeam", team: "sales", name: "Sales" }

export interface Hub {
  readonly desk: OnboardingDesk["Service"]
  readonly charter: Charter.CharterShape
  readonly disk: Disk
  /** Ends the process. */
  readonly stop: Effect.Effect<void>
}

/** A hub on a disk; a fresh one founds the space `office` with the team `sales` and the member `mia`, whose device is 5. */
export const openHub = Effect.fnUntraced(function* (
  disk: Disk = newDisk(),
  store: Layer.Layer<OnboardingStore> = OnboardingStore.layerMemory(disk),
  charterStore: Layer.Layer<CharterStore> = CharterStore.layerMemory(disk.records)
) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const gate = Layer.effect(
    Gate,
    Effect.map(Effect.provide(Gate, Gate.layerClosed), (closed) => ({
      ...closed,
      audit: (action: AuditedAction) => Effect.sync(() => void disk.told.push(action))
    }))
  )
  const layer = OnboardingDesk.layer.pipe(
    Layer.provideMerge(Charter.layer({ space, policyProblem: () => undefined })),
    Layer.provide([layerDevice(hubDevice), charterStore, gate, store])
  )
  yield* TestClock.setTime(Math.max(startMs, yield* Clock.currentTimeMillis))
  const services = yield* Layer.build(layer).pipe(Scope.provide(scope))
  const charter = Context.get(services, Charter.Charter)
  if (charter.state().version === 0) yield* charter.write([founding, sales, ...join("mia", "member", 5)])
  const hub: Hub = {
    desk: Context.get(services, OnboardingDesk),
    charter,
    disk,
    stop: Scope.close(scope, Exit.void)
  }
  return hub
})

/** An invitation with its link, as a terminal beside the hub makes it. */
export const invite = Effect.fnUntraced(function* ({ desk }: Hub, options: Omit<InviteOptions, "key"> = {}) {
  const secret = crypto.randomBytes(InvitationLink.secretBytes)
  const invitation = yield* desk.invite({ ...options, key: keyOf(secret).publicKey })
  const link: InvitationLink.InvitationLink = {
    hub: "http://hub:5342",
    hubPeer: peer(hubDevice),
    id: invitation.id,
    secret
  }
  return { invitation, link }
})

/** The key pair of a link's secret. */
export const keyOf = (secret: Uint8Array): Signer => signerOfSeed(InvitationLink.seedOf(crypto.sha256, secret))

export interface Said {
  readonly device: number
  readonly name?: string
}

export const requestOf = (link: InvitationLink.InvitationLink, { device, name = `device ${device}` }: Said) =>
  JoinRequest.make(crypto, { link, invitation: keyOf(link.secret), device: signerOf(device), name, platform: "linux" })

/** A newcomer asks once, and reads the answer. */
export const ask = Effect.fnUntraced(function* (
  { desk }: Hub,
  link: InvitationLink.InvitationLink,
  said: Said,
  address = `address of ${said.device}`
) {
  const request = requestOf(link, said)
  const signed = yield* desk.ask(request, address)
  return JoinAnswer.open(crypto, link.hubPeer, request, signed)!
})

/** The name of why it failed, or "done". */
export const reasonOf = <A, E extends { readonly reason: { readonly _tag: string } }, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<string, never, R> =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure.reason._tag : "done"))

/** What the audit was told, in a word each. */
export const toldOf = ({ disk }: Hub): ReadonlyArray<string> =>
  disk.told.map(({ action, decision, peer: about }) => `${action} ${decision.allowed ? "yes" : "no"} ${nameOf(about)}`)

const nameOf = (about: PeerId.PeerId): string => {
  for (let device = 1; device < 60; device++) if (peer(device) === about) return `${device}`
  return about
}

/** A first record of a device, as the hub has taken it in. */
export const signedBy = (device: number, operation: CharterOperation): Uint8Array =>
  CharterRecord.withReceipt(record(undefined, device, operation), signerOf(hubDevice)).bytes
