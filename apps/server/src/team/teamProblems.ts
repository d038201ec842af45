/** Statuses of what the charter and the policy's desk refuse, for all endpoints that ask them. */
import type { CharterError, OnboardingError } from "@syncline/core"
import type { MeetingError, PairingError } from "@syncline/core/pairing"
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
export const team: Statuses<TeamError> = {
  AccountUnlinked: 403,
  AskedElsewhere: 403,
  DraftMoved: 409,
  NoneOfTeam: 404,
  PairingClosed: 409
}

/** Of what is written in somebody's name. */
export const acting: Statuses<CharterError.CharterError | TeamError> = {
  ...charter,
  ...team
}

/** Of codes and of devices that ask by them. */
export const pairing: Statuses<PairingError.PairingError> & Statuses<MeetingError.MeetingError> = {
  JoinUnknown: 404,
  MeetingBusy: 503,
  MeetingEnded: 503,
  MeetingFrameRefused: 503,
  MeetingUnreachable: 503,
  PairingCodeInvalid: 422,
  PairingFailed: 409,
  PairingPaused: 409,
  PairingStoreFailed: 503,
  SeveralInvite: 409,
  SlotCrowded: 409,
  SlotEmpty: 409,
  SlotTaken: 409,
  WindowOver: 409
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
