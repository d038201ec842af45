/** Statuses of what the charter and the policy's desk refuse, for all endpoints that ask them. */
import type { CharterError, OnboardingError } from "@syncline/core"
import type { PolicyDeskError } from "@syncline/policy"
import type { ProblemStatus } from "../rest/Endpoint.ts"
import type { TeamError } from "./TeamError.ts"

type Statuses<E extends { readonly reason: { readonly _tag: string } }> = {
  readonly [Reason in E["reason"]["_tag"]]: ProblemStatus
}

export const charter: Statuses<CharterError.CharterError> = {
  CharterDenied: 409,
  CharterElsewhere: 409,
  CharterMissing: 409,
  CharterMoved: 409,
  CharterStoreFailed: 503
}

/** Of a question about one of the team. */
export const team: Statuses<TeamError> = { AccountUnlinked: 403, NoneOfTeam: 404 }

/** Of what is written in somebody's name. */
export const acting: Statuses<CharterError.CharterError | TeamError> = {
  ...charter,
  ...team
}

export const desk: Statuses<PolicyDeskError.PolicyDeskError> = {
  AskerUnknown: 404,
  RecordAmbiguous: 404,
  RecordUnknown: 404,
  PolicyRefused: 422,
  VersionWithoutPolicy: 404
}

export const onboarding: Statuses<OnboardingError.OnboardingError> = {
  InvitationLinkInvalid: 409,
  InvitationUnfit: 409,
  InvitationUnknown: 404,
  InvitationsExhausted: 409,
  JoinBusy: 429,
  BehalfDenied: 403,
  JoinRefused: 403,
  OnboardingStoreFailed: 503,
  RequestSettled: 409,
  RequestUnknown: 404,
  RoleNeedsPerson: 409,
  RoleUnnamed: 409
}
