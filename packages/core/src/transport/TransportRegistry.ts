/**
 * The transports of one node: an explicit list, looked up by address. Two transports of one name are a mistake in
 * the program and refused when the node is composed.
 */
import { Context, Effect, Layer } from "effect"
import type { Transport, TransportHost, TransportPlugin } from "./Transport.ts"
import { AddressInvalid, TransportError } from "./TransportError.ts"

export class TransportRegistry extends Context.Service<
  TransportRegistry,
  {
    readonly all: ReadonlyArray<Transport>
    /** The first transport that accepts the address, or `AddressInvalid`. */
    readonly forAddress: (address: string) => Effect.Effect<Transport, TransportError>
  }
>()("@syncline/core/transport/TransportRegistry") {
  /** Of plugins, some of which are made for this device. */
  static readonly layerFor = (
    plugins: ReadonlyArray<TransportPlugin>,
    host: TransportHost
  ): Layer.Layer<TransportRegistry> =>
    TransportRegistry.layer(plugins.map((plugin) => (typeof plugin === "function" ? plugin(host) : plugin)))

  static readonly layer = (transports: ReadonlyArray<Transport>): Layer.Layer<TransportRegistry> =>
    Layer.sync(TransportRegistry, () => make(transports))
}

const make = (transports: ReadonlyArray<Transport>): TransportRegistry["Service"] => {
  const names = new Set(transports.map((transport) => transport.name))
  if (names.size < transports.length) throw new TypeError("two transports have the same name")
  return {
    all: transports,
    forAddress: (address) => {
      const found = transports.find((transport) => transport.capabilities.canDial && transport.accepts(address))
      if (found !== undefined) return Effect.succeed(found)
      const problem = `known transports are ${[...names].join(", ") || "none"}`
      return Effect.fail(
        new TransportError({ transport: "registry", reason: new AddressInvalid({ address, problem }) })
      )
    }
  }
}
