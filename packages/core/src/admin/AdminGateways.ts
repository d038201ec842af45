/** The gateways of a hub, doors for other systems' own clients, as its REST interface tells them. */
import { Schema } from "effect"

const Gateway = Schema.Struct({
  name: Schema.String,
  isOpen: Schema.Boolean,
  /** What it cannot protect. */
  warning: Schema.String,
  /** Why it is closed. */
  because: Schema.NullOr(Schema.String)
}).annotate({ identifier: "Gateway" })

/** The gateways that the settings open. */
export const Gateways = Schema.Struct({ gateways: Schema.Array(Gateway) })
