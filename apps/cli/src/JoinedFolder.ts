/**
 * Makes a folder a device of the space that let it in: key, journal, trusted peers where the folder's own list counts, and the
 * hub to go to. How it was let in is its caller's business.
 */
import { type PeerId, type SpaceId } from "@syncline/core"
import type { PairingGrant } from "@syncline/core/pairing"
import { DeviceKeyFile, spaceOf, TrustFile } from "@syncline/node"
import { Effect, type Redacted } from "effect"
import * as Device from "./Device.ts"
import * as DeviceFile from "./DeviceFile.ts"
import * as FolderKey from "./FolderKey.ts"

/** What is known of the folder before it is let in. */
export interface Joining {
  readonly data: string
  /** Address of the hub; `undefined` where nobody knows one. */
  readonly hub: string | undefined
  /** Was let in by a device in the same network. */
  readonly isNearby: boolean
  /** The device that the folder is already. */
  readonly known: DeviceFile.Device | undefined
  readonly seed: Redacted.Redacted<Uint8Array>
}

/** Who let it in, and where. */
export interface LetIn {
  readonly inviter: PeerId.PeerId
  /** Whatever somebody typed on the other device. */
  readonly inviterName: string
  readonly space: SpaceId.SpaceId
  readonly grant: Pick<PairingGrant.PairingGrant, "spaceName" | "policy" | "hub">
}

/** Keeps it all, and gives the device. What is kept first grants nothing without what is kept last. */
export const keep = Effect.fnUntraced(function* (
  { data, hub, isNearby, known, seed }: Joining,
  { grant, inviter, inviterName, space }: LetIn
) {
  const { spaceName } = grant
  const named = spaceName !== null && spaceOf(spaceName) === space ? { spaceName } : {}
  yield* FolderKey.withPassphrase(DeviceKeyFile.keep(data, seed))
  yield* Device.establish(data, space)
  if (grant.policy === "personal") {
    yield* TrustFile.add(data, inviter, `${inviterName.replaceAll(/\p{C}/gu, "")}, paired`)
    if (grant.hub !== null && hub !== undefined) yield* TrustFile.add(data, grant.hub, `hub at ${hub}`)
  }
  const { hub: before, policy: _, ...others } = known ?? { hub: undefined, policy: undefined }
  const granted = grant.hub === null || hub === undefined ? undefined : { address: hub, peer: grant.hub }
  // Who came by a hub learns here that its space has none any more.
  const goesTo = granted ?? (isNearby ? before : undefined)
  const device: DeviceFile.Device = {
    ...others,
    space,
    ...named,
    ...(goesTo === undefined ? {} : { hub: goesTo }),
    // Two that met nearby and have no hub sync as they have met.
    ...(isNearby && goesTo === undefined ? { direct: known?.direct ?? {} } : {}),
    ...(grant.policy === "personal" ? {} : { policy: grant.policy })
  }
  yield* DeviceFile.write(data, device)
  return device
})
