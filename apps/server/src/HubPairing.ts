/**
 * The hub's meeting place for pairings: a path of its own beside that of devices, where nobody has to say who they are, and a way to
 * it for the hub's own invitations. The hub hands over what two sides say and learns nothing by it; whether to let a device in is
 * decided where its code was made.
 */
import { type Crypto, MemoryTransport } from "@syncline/core"
import type { PairingMeeting } from "@syncline/core/pairing"
import { socketIo } from "@syncline/transport-socketio"
import { Context, Deferred, Effect, Layer } from "effect"
import { strangerMsMax } from "./http/HttpServer.ts"
import type { HubServer } from "./http/HubServer.ts"
import type { TrustedProxies } from "./http/TrustedProxies.ts"

/** The path that `LinkMeeting` dials on a hub. */
const pairingPath = "/pair"

/** Where this process meets joiners of its own codes; `undefined` where the place is closed. */
export class HubMeeting extends Context.Service<
  HubMeeting,
  { readonly local: Effect.Effect<PairingMeeting.PairingMeeting | undefined> }
>()("@syncline/server/HubPairing/HubMeeting") {
  static readonly closed = Layer.succeed(HubMeeting, { local: Effect.undefined })
}

// Curves and lists of words, which a hub's start should not wait for.
const core = Effect.promise(() => import("@syncline/core/pairing"))

/** The meeting place on a server; it is open a moment after the hub is. */
export const layer = (
  server: HubServer,
  remoteOf: TrustedProxies["remoteOf"]
): Layer.Layer<HubMeeting, never, Crypto.Crypto> =>
  Layer.effect(
    HubMeeting,
    Effect.gen(function* () {
      const local = yield* Deferred.make<PairingMeeting.PairingMeeting | undefined>()
      const opening = Effect.gen(function* () {
        const { LinkMeeting, PairingRendezvous } = yield* core
        const { serve } = yield* PairingRendezvous.make
        yield* socketIo({ server, path: pairingPath, remoteOf, handshakeTimeoutMs: strangerMsMax }).listen(serve)
        const own = MemoryTransport.make(MemoryTransport.makeNetwork(), "pair")
        const [address] = yield* own.listen(serve)
        yield* Deferred.succeed(local, yield* LinkMeeting.make(own, address!))
      })
      yield* opening.pipe(
        Effect.catch(({ message }) =>
          Effect.logError("the meeting place for pairings is not open", { problem: message })
        ),
        Effect.ensuring(Deferred.succeed(local, undefined)),
        Effect.andThen(Effect.never),
        Effect.forkScoped
      )
      return { local: Deferred.await(local) }
    })
  )
