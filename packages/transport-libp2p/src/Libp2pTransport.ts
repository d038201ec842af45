/**
 * The transport as a value: links over libp2p, both ways. The composition root lists it; making it opens nothing. It has one
 * libp2p node while anybody listens or dials, and that node has the device's key: the peer id is the same on every road.
 */
import { Limits, type Transport } from "@syncline/core"
import { Effect } from "effect"
import * as Libp2pAddress from "./Libp2pAddress.ts"
import { transportName } from "./Libp2pFailure.ts"
import { type Libp2pOptions, settings } from "./Libp2pOptions.ts"

// What libp2p loads is many times what the rest of a node loads, and not every start comes to need it.
const links = Effect.promise(() => import("./Libp2pLinks.ts"))

/** Makes the transport of a device; a node calls it with its own key. */
export interface Libp2pPlugin {
  (host: Transport.TransportHost): Transport.Transport
}

/** Links from device to device. Throws a `RangeError` for options out of bounds. */
export const libp2p = (options: Libp2pOptions = {}): Libp2pPlugin => {
  const resolved = settings(options)
  const finds = resolved.lan || resolved.relays !== "disabled"
  return (host) => {
    const made = Effect.runSync(Effect.cached(Effect.map(links, ({ make }) => make(resolved, host))))
    return {
      name: transportName,
      capabilities: {
        kind: "link",
        canListen: resolved.listen.length > 0,
        canDial: true,
        // Its addresses are looked up by libp2p, which is told nothing.
        looksUp: false,
        frameBytesMax: Limits.frameBytesMax
      },
      accepts: Libp2pAddress.accepts,
      listen: (onLink) => Effect.flatMap(made, ({ listen }) => listen(onLink)),
      dial: (address) => Effect.flatMap(made, ({ dial }) => dial(address)),
      // Where it looks for nobody, whoever comes is not to be dialled back.
      finder: finds
        ? {
            addressOf: Libp2pAddress.ofPeer,
            looksFar: resolved.relays !== "disabled",
            watch: (onFound, onRenewed) => Effect.flatMap(made, ({ watch }) => watch(onFound, onRenewed))
          }
        : undefined
    }
  }
}
