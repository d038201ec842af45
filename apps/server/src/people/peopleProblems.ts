/** Statuses of what is refused about people: by the hub, and by its store. */
import type { HubStoreError } from "@syncline/node/hub"
import type { ProblemStatus } from "../rest/Endpoint.ts"
import type { PeopleError } from "./PeopleError.ts"

type Statuses<E extends { readonly reason: { readonly _tag: string } }> = {
  readonly [Reason in E["reason"]["_tag"]]: ProblemStatus
}

/** Of the store alone. */
export const store: Statuses<HubStoreError.HubStoreError> = {
  AccountNameTaken: 409,
  AccountUnknown: 404,
  CredentialTaken: 409,
  HubRowsExhausted: 409,
  HubRowUnfit: 422,
  HubStoreFailed: 503
}

export const people: Statuses<HubStoreError.HubStoreError | PeopleError> = {
  ...store,
  DoorNeeded: 403,
  LastCredential: 409,
  LastOwner: 409,
  LinkRefused: 403,
  MemberMissing: 422,
  NoneOfPeople: 404,
  OidcOff: 409,
  OidcRefused: 401,
  OidcUnreachable: 503,
  PasskeyRefused: 401,
  PasskeyUnfit: 422,
  PasskeysOff: 409,
  PasswordsBusy: 503,
  PersonNeeded: 403,
  ScopesExceeded: 403,
  SetupRefused: 403,
  SignInRefused: 401,
  SignInTooOften: 429
}
