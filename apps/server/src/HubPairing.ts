/**
 * The hub's meeting place for pairings: a path of its own beside that of devices, where nobody has to say who they are. The
 * hub hands over what two sides say and learns nothing by it; whether to let a device in is decided where its code was made.
 */
import type { Server } from "node:http"
import type { Crypto } from "@syncline/core"
import { socketIo } from "@syncline/transport-socketio"
import { Effect, type Scope } from "effect"

/** The path that `LinkMeeting` dials on a hub. */
const pairingPath = "/pair"

// Curves and lists of words, which a hub's start should not wait for.
const core = Effect.promise(() => import("@syncline/core/pairing"))

/** Opens the meeting place until the scope closes; it is open a moment after the hub is. */
export const open = (server: Server): Effect.Effect<void, never, Crypto.Crypto | Scope.Scope> =>
  Effect.gen(function* () {
    const { PairingRendezvous } = yield* core
    const { serve } = yield* PairingRendezvous.make
    yield* socketIo({ server, path: pairingPath }).listen(serve)
  }).pipe(
    Effect.catch((error) => Effect.logError("the meeting place for pairings is not open", { problem: error.message })),
    Effect.forkScoped,
    Effect.asVoid
  )
