/**
 * What a device that was let in is told: where it belongs now, and as what. It comes under the seal of a pairing, from
 * the device whose key the pairing has proven, and is kept by whoever runs the joining device.
 */
import { Schema } from "effect"
import * as PeerId from "../identity/PeerId.ts"
import { codecOf } from "./PairingMessage.ts"

const Grant = Schema.Struct({
  version: Schema.Literal(1),
  /** The space's name, where the inviter knows it; its id is part of the pairing itself. */
  spaceName: Schema.NullOr(Schema.String.check(Schema.isMaxLength(128))),
  /** Who says what devices may: a list of trusted peers on each, or the space's charter. */
  policy: Schema.Literals(["personal", "enterprise"]),
  /** The space's hub; `null` where the two are by themselves. */
  hub: Schema.NullOr(PeerId.PeerId),
  /** Where the inviter reaches that hub, for a joiner that did not come by it. */
  hubAddress: Schema.NullOr(Schema.String.check(Schema.isMaxLength(2_048))),
  /** The member that the device belongs to from now on, and its role. */
  member: Schema.NullOr(Schema.String.check(Schema.isMaxLength(64))),
  role: Schema.NullOr(Schema.String.check(Schema.isMaxLength(64)))
})
export type PairingGrant = typeof Grant.Type

/** `decode` gives `undefined` for whatever is no grant of this version. */
export const { decode, encode } = codecOf<PairingGrant>(Grant as Schema.Codec<PairingGrant, unknown>)
