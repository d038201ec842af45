/** Who a hub is, for whoever comes to it. All of it is public. */
import { Schema } from "effect"

export const AdminIdentity = Schema.Struct({
  peer: Schema.String,
  /** Name of the space. */
  space: Schema.String,
  /** How devices are let in: by the hub's trust file, or by the space's charter. */
  policy: Schema.Literals(["personal", "enterprise"]),
  /** Where devices may dial: its HTTP server, then its relay. */
  addresses: Schema.Array(Schema.String),
  /** Multiaddrs of the relay that it is, each with its peer; none where it is none. */
  relays: Schema.Array(Schema.String),
  version: Schema.String
}).annotate({ identifier: "Identity" })
export type AdminIdentity = typeof AdminIdentity.Type
