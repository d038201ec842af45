/**
 * The transport as a value: Socket.IO over WebSocket, both ways. The composition root lists it; making it opens
 * nothing.
 */
import { Limits, type Transport } from "@syncline/core"
import { Effect } from "effect"
import * as SocketIoAddress from "./SocketIoAddress.ts"
import { transportName } from "./SocketIoFailure.ts"
import { listen } from "./SocketIoListener.ts"
import { settings, type SocketIoOptions } from "./SocketIoOptions.ts"

// Socket.IO's client is a fifth of what this package loads, and a hub never dials.
const dialer = Effect.promise(() => import("./SocketIoDialer.ts"))

export const socketIo = (options: SocketIoOptions = {}): Transport.Transport => {
  const resolved = settings(options)
  return {
    name: transportName,
    capabilities: {
      kind: "link",
      canListen: resolved.server !== undefined,
      canDial: true,
      looksUp: true,
      frameBytesMax: Limits.frameBytesMax
    },
    accepts: SocketIoAddress.accepts,
    listen: (onLink) => listen(resolved, onLink),
    dial: (address, how) => Effect.flatMap(dialer, ({ dial }) => dial(resolved, address, how?.lookup))
  }
}
