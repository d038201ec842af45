/** The roads of a pairing, through a hub or from device to device, and the desk of a folder. Composition only. */
import { hostname } from "node:os"
import { Bytes, PeerId, type SpaceId, type Transport } from "@syncline/core"
import { DirectMeeting, LinkMeeting, MeetingError, PairingDesk } from "@syncline/core/pairing"
import { NodeCrypto } from "@syncline/node"
import { PairingFile } from "@syncline/node/pairing"
import { Effect, Layer, type Redacted } from "effect"
import { because, UsageInvalid } from "./CliError.ts"
import * as FolderKey from "./FolderKey.ts"
import * as HubAddress from "./HubAddress.ts"
import { Output } from "./Output.ts"

const nameCharsMax = 64

/** The meeting place of a hub. */
export const through = Effect.fnUntraced(function* (hub: string) {
  const { socketIo } = yield* Effect.promise(() => import("@syncline/transport-socketio"))
  const place = LinkMeeting.make(socketIo({}), HubAddress.meetingPlace(hub))
  return yield* Effect.provide(place, NodeCrypto.layer)
})

/** The road of a device that invites others nearby, and where it listens once a code is made. */
export const inviteNearby = Effect.fnUntraced(function* (seed: Seed) {
  const transport = yield* pairing(seed, {})
  const addresses: Array<string> = []
  const listen: Transport.Transport["listen"] = (onLink) =>
    Effect.tap(transport.listen(onLink), (bound) => Effect.sync(() => void addresses.push(...bound)))
  return { meeting: DirectMeeting.host({ ...transport, listen }), addresses }
})

/** The road of a device that looks for the one that invites nearby; that one may be named by its id or its multiaddr. */
export const joinNearby = Effect.fnUntraced(function* (seed: Seed, inviter: string | undefined) {
  const transport = yield* pairing(seed, { listen: [] })
  if (inviter === undefined) return DirectMeeting.guest(transport)
  const peer = inviter.slice(inviter.lastIndexOf("/") + 1)
  const isAddress = inviter.startsWith("/")
  if (!PeerId.is(peer) || (isAddress && !isMultiaddr(inviter))) {
    const problem = `--inviter takes a device's id, or its multiaddr with the id at its end, as pair new --direct prints them; not ${inviter}`
    return yield* because(new UsageInvalid({ problem }))
  }
  if (!isAddress) return DirectMeeting.guest(transport, { peer })
  const finder: Transport.Finder = { addressOf: () => inviter, looksFar: false, watch: (onFound) => onFound(peer) }
  return DirectMeeting.guest({ ...transport, finder }, { peer })
})

/** A host with a port by TCP or QUIC, and the peer there. */
const isMultiaddr = (text: string): boolean => {
  const [, tcp, udp] =
    /^\/(?:ip4|ip6|dns|dns4|dns6)\/[^/]+\/(?:tcp\/(\d{1,5})|udp\/(\d{1,5})\/quic-v1)\/p2p\/\w+$/.exec(text) ?? []
  const port = Number(tcp ?? udp)
  return port >= 1 && port <= 65_535
}

type Seed = Redacted.Redacted<Uint8Array>

const pairing = Effect.fnUntraced(function* (seed: Seed, options: { readonly listen?: ReadonlyArray<string> }) {
  const { libp2p } = yield* Effect.promise(() => import("@syncline/transport-libp2p"))
  return libp2p({ ...options, pairing: true })({ seed, admits: () => Effect.succeed(false) })
})

/** Where nobody was found, says how somebody may be. */
export const sayWhere = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.tapError(effect, (error) => {
    const reason = error instanceof MeetingError.MeetingError ? error.reason._tag : undefined
    if (reason === "SeveralInvite") return say("Name the one that you mean: --inviter <id>")
    if (reason !== "SlotEmpty" && reason !== "MeetingUnreachable") return Effect.void
    return say(
      "Both devices must be in one network. Where it keeps them from finding each other, name an address that `pair new` shows: --inviter <address>"
    )
  })

const say = (text: string) => Effect.flatMap(Output, ({ note }) => note(text))

/** Where nobody named the hub, says that somebody could. */
export const sayHow =
  (given: string | undefined) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.tapError(effect, (error) =>
      given === undefined && error instanceof MeetingError.MeetingError && error.reason._tag === "MeetingUnreachable"
        ? say("If the hub listens elsewhere, name it: --hub <address>")
        : Effect.void
    )

/** The desk of a folder that has a key. */
export const layerDesk = (folder: string, space: SpaceId.SpaceId, name: string) =>
  PairingDesk.PairingDesk.layer({ name, platform: process.platform, space: Bytes.fromHex(space)! }).pipe(
    Layer.provide(Layer.mergeAll(PairingFile.layer(folder), NodeCrypto.layer, FolderKey.layer(folder)))
  )

/** How this device calls itself: as it is told, or as the machine is called. */
export const nameOf = Effect.fnUntraced(function* (given: string | undefined) {
  const name = (given ?? hostname()).trim()
  if (given === undefined) return name.slice(0, nameCharsMax) || "a device"
  if (name !== "" && name.length <= nameCharsMax) return name
  return yield* because(new UsageInvalid({ problem: `--name has 1 to ${nameCharsMax} characters` }))
})
