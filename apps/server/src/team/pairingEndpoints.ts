/** Pairing at the hub: a code to show, who asks to join by it, and the answer. */
import type { Charter } from "@syncline/core"
import type { NodeServices } from "@syncline/node"
import { AdminPairing } from "@syncline/core/admin"
import { Effect } from "effect"
import { type AnyEndpoint, endpoint } from "../rest/Endpoint.ts"
import type { Principal } from "../rest/Principal.ts"
import { HubIdentity } from "../status/HubIdentity.ts"
import * as PairingAdmission from "./PairingAdmission.ts"
import { PairingKeeper } from "./PairingKeeper.ts"
import { because, NoneOfTeam } from "./TeamError.ts"
import * as teamProblems from "./teamProblems.ts"

const problems = { ...teamProblems.pairing, ...teamProblems.acting }
const reading = { tag: "pairing", access: { kind: "scope", scope: "team:read" }, problems } as const
const writing = { ...reading, access: { kind: "scope", scope: "team:write" }, audit: "path" } as const

const isTeam = Effect.map(HubIdentity, ({ current }) => current.policy === "enterprise")

/** The frame lets nobody through here who is not signed in. */
const caller = (principal: Principal | undefined): Effect.Effect<Principal> =>
  principal === undefined ? Effect.die("nobody pairs without a sign-in") : Effect.succeed(principal)

export const pairingEndpoints: ReadonlyArray<
  AnyEndpoint<NodeServices | HubIdentity | Charter.Charter | PairingKeeper>
> = [
  endpoint({
    ...reading,
    id: "pairing.get",
    method: "GET",
    path: "/pairing",
    summary: "The code that is good now, without its secret, and devices that wait for an answer.",
    answer: AdminPairing.Pairing,
    run: Effect.fnUntraced(function* () {
      const keeper = yield* PairingKeeper
      return { code: (yield* keeper.code) ?? null, pending: yield* keeper.pending }
    })
  }),
  endpoint({
    ...writing,
    id: "pairing.make",
    method: "POST",
    path: "/pairing/codes",
    summary:
      "A code for one device, good for five minutes, in place of the one before. It is told here and nowhere else.",
    body: AdminPairing.NewCode,
    status: 201,
    answer: AdminPairing.Code,
    run: Effect.fnUntraced(function* ({ body, principal }) {
      const keeper = yield* PairingKeeper
      const granting = (yield* isTeam) ? yield* PairingAdmission.grantingOf(principal, body) : undefined
      return yield* keeper.make(yield* caller(principal), granting)
    })
  }),
  endpoint({
    ...writing,
    id: "pairing.close",
    method: "DELETE",
    path: "/pairing/codes",
    summary: "Ends the code.",
    answer: "none",
    run: () => Effect.flatMap(PairingKeeper, ({ close }) => close)
  }),
  endpoint({
    ...reading,
    id: "pairing.request",
    method: "GET",
    path: "/pairing/requests/:id",
    summary: "What became of a device that asked.",
    params: AdminPairing.OfRequest,
    answer: AdminPairing.Join,
    run: Effect.fnUntraced(function* ({ params: { id } }) {
      const join = yield* (yield* PairingKeeper).joinOf(id)
      return join ?? (yield* Effect.fail(because(new NoneOfTeam({ kind: "request", id }))))
    })
  }),
  endpoint({
    ...writing,
    id: "pairing.accept",
    method: "POST",
    path: "/pairing/requests/:id/accept",
    summary: "Lets a device in; its screen shows the same check number, or somebody stands between.",
    params: AdminPairing.OfRequest,
    body: AdminPairing.Acceptance,
    answer: AdminPairing.Join,
    run: Effect.fnUntraced(function* ({ body: { role }, params: { id }, principal }) {
      return yield* (yield* PairingKeeper).accept(yield* caller(principal), id, role)
    })
  }),
  endpoint({
    ...writing,
    id: "pairing.decline",
    method: "POST",
    path: "/pairing/requests/:id/decline",
    summary: "Does not let a device in.",
    params: AdminPairing.OfRequest,
    answer: AdminPairing.Join,
    run: Effect.fnUntraced(function* ({ params: { id } }) {
      return yield* (yield* PairingKeeper).decline(id)
    })
  })
]
