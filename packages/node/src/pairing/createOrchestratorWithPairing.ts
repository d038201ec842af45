/**
 * A node as `createNode` makes it, whose trusted peers come by pairing: one list of them for the policy, for people who edit
 * it and for the codes of this device. It composes; what pairing is stands in core.
 */
import { Bytes, type PeerId, type Transport } from "@syncline/core"
import { DirectMeeting, LinkMeeting, PairingDesk, type PairingMeeting } from "@syncline/core/pairing"
import { Effect, Exit, Layer, ManagedRuntime, Redacted, Scope } from "effect"
import { createNode, type Entities, type NodeOptions, type Policy, type SynclineNode } from "../createNode.ts"
import * as DeviceKeyFile from "../DeviceKeyFile.ts"
import * as NodeCrypto from "../NodeCrypto.ts"
import { spaceOf } from "../NodeLayer.ts"
import * as TrustFile from "../TrustFile.ts"
import * as PairingControl from "./PairingControl.ts"
import * as PairingFile from "./PairingFile.ts"

export interface OrchestratorWithPairingOptions<E extends Entities> extends Omit<NodeOptions<E>, "policy"> {
  /** Makes the policy on the device's list of trusted peers, e.g. `(trusted) => personal({ trusted })`. */
  readonly policy: (trusted: TrustFile.WatchedTrust) => Policy
  readonly meeting: Meeting
  /** As its person calls this device, 1 to 64 characters. */
  readonly name: string
  /** Asked about each device that knows a code of this one; it answers whether to let it in. */
  readonly onRequest?: PairingControl.ControlOptions["onRequest"]
}

export interface OrchestratorWithPairing<E extends Entities> {
  readonly node: SynclineNode<E>
  readonly pairing: PairingControl.PairingControl
  /** Ends codes and links and closes the store. Closing twice is fine. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * Where the devices meet: a road of one's own; a hub's address for pairing and the transport that reaches it; or, with codes of six
 * digits, directly in the local network, by what finds devices there, e.g. `libp2p({ pairing: true })`.
 */
export type Meeting =
  | PairingMeeting.PairingMeeting
  | { readonly transport: Transport.Transport; readonly address: string }
  | {
      readonly direct: (host: Transport.TransportHost) => Transport.Transport
      /** The inviter of the codes that are brought here; needed only where several invite at a time. */
      readonly inviter?: PeerId.PeerId
    }

/** Rejects as `createNode` does, and with `TrustFileError` for a list of trusted peers that cannot be read. */
export const createOrchestratorWithPairing = async <const E extends Entities>(
  options: OrchestratorWithPairingOptions<E>
): Promise<OrchestratorWithPairing<E>> => {
  const { meeting, name, onRequest, policy, ...rest } = options
  const { space: spaceName, store: folder } = options
  if (name.length === 0 || name.length > nameCharsMax) {
    throw new RangeError(`a device's name has 1 to ${nameCharsMax} characters, not ${name.length}`)
  }
  const space = spaceOf(spaceName)
  const platform = process.platform
  const passphrase = options.passphrase === undefined ? undefined : Redacted.make(options.passphrase)
  const desk = PairingDesk.PairingDesk.layer({ name, platform, space: Bytes.fromHex(space)! }).pipe(
    Layer.provideMerge(
      Layer.mergeAll(PairingFile.layer(folder), NodeCrypto.layer, DeviceKeyFile.layer(folder, passphrase))
    )
  )
  const runtime = ManagedRuntime.make(desk)
  const scope = Scope.makeUnsafe()
  const end = async (): Promise<void> => {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await runtime.dispose()
  }
  try {
    const trusted = await Effect.runPromise(Scope.provide(TrustFile.watch(folder), scope))
    // The node's own options are checked by the node.
    const node = await createNode({ ...rest, policy: policy(trusted) } as NodeOptions<E>)
    const opening = Effect.gen(function* () {
      const road = yield* roadOf(meeting)
      return yield* PairingControl.make({ folder, space, spaceName, name, platform, meeting: road, onRequest })
    })
    const pairing = await runtime.runPromise(Scope.provide(opening, scope))
    const close = async (): Promise<void> => {
      await end()
      await node.close()
    }
    return { node, pairing, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await end()
    throw error
  }
}

const roadOf = Effect.fnUntraced(function* (meeting: Meeting) {
  if ("hold" in meeting) return meeting
  if ("address" in meeting) return yield* LinkMeeting.make(meeting.transport, meeting.address)
  const { direct, inviter } = meeting
  // Whom the policy admits is not asked: that is what the two are about to say.
  const host: Transport.TransportHost = { seed: yield* DeviceKeyFile.DeviceSeed, admits: () => Effect.succeed(false) }
  return DirectMeeting.both(direct(host), direct(host), { peer: inviter })
})

const nameCharsMax = 64
