/** The road of a pairing through a hub, and the desk of a folder. Composition only. */
import { hostname } from "node:os"
import { Bytes, type SpaceId } from "@syncline/core"
import { LinkMeeting, MeetingError, PairingDesk } from "@syncline/core/pairing"
import { NodeCrypto } from "@syncline/node"
import { PairingFile } from "@syncline/node/pairing"
import { Effect, Layer } from "effect"
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

/** Where nobody named the hub, says that somebody could. */
export const sayHow =
  (given: string | undefined) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.tapError(effect, (error) =>
      given === undefined && error instanceof MeetingError.MeetingError && error.reason._tag === "MeetingUnreachable"
        ? Effect.flatMap(Output, ({ note }) => note("If the hub listens elsewhere, name it: --hub <address>"))
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
