/** Statuses of what is refused about peers, routes and the space. */
import type { OrchestratorError } from "@syncline/core"
import * as peopleProblems from "../people/peopleProblems.ts"
import type { ProblemStatus } from "../rest/Endpoint.ts"
import * as StoreProblems from "../rest/StoreProblems.ts"
import type { PeersError } from "./PeersError.ts"

type Statuses<E extends { readonly reason: { readonly _tag: string } }> = {
  readonly [Reason in E["reason"]["_tag"]]: ProblemStatus
}

export const orchestrator: Statuses<OrchestratorError.OrchestratorError> = {
  HookPlaceUnknown: 409,
  HooksExhausted: 409,
  IntervalUnfit: 422,
  JournalError: 503,
  PausesExhausted: 409,
  RoutesExhausted: 409,
  RouteUnknown: 404,
  TransportError: 422
}

const own: Statuses<PeersError> = { AddressRefused: 422, NoneHere: 404, SavedExhausted: 409, TestsBusy: 503 }

export const all = { ...orchestrator, ...own, ...peopleProblems.store, ...StoreProblems.journal }
