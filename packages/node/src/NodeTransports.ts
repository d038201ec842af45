/**
 * The transports of a node, made for its device: those that prove by themselves whose they are get its key, are told whom the policy
 * admits, and hear of the relays that its hubs announce. It opens nothing.
 */
import { Gate, type Transport, TransportRegistry } from "@syncline/core"
import { Effect, Layer } from "effect"
import * as DeviceKeyFile from "./DeviceKeyFile.ts"
import * as HubRelays from "./discovery/HubRelays.ts"

/** The registry of these plugins; the hubs are at the addresses of the routes. */
export const layer = (
  plugins: ReadonlyArray<Transport.TransportPlugin>,
  routes: ReadonlyArray<{ readonly address: string }>
): Layer.Layer<TransportRegistry.TransportRegistry, never, Gate.Gate | DeviceKeyFile.DeviceSeed> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const gate = yield* Gate.Gate
      return TransportRegistry.TransportRegistry.layerFor(plugins, {
        seed: yield* DeviceKeyFile.DeviceSeed,
        admits: (peer) => Effect.map(gate.admits(peer), ({ allowed }) => allowed),
        relays: HubRelays.of(routes.map(({ address }) => address))
      })
    })
  )
