/** Statuses of what reading and writing records refuses, for all endpoints of records. */
import type { WriteError } from "@syncline/core"
import type { ProblemStatus } from "../rest/Endpoint.ts"
import * as StoreProblems from "../rest/StoreProblems.ts"
import * as teamProblems from "../team/teamProblems.ts"
import type { RecordsError } from "./RecordsError.ts"

type Statuses<E extends { readonly reason: { readonly _tag: string } }> = {
  readonly [Reason in E["reason"]["_tag"]]: ProblemStatus
}

/** What may not be read is `EntityNotFound`, like what is not there. */
const write: Statuses<WriteError.WriteError> = {
  CommitNotFound: 404,
  EntityAmbiguous: 409,
  EntityChanged: 409,
  EntityInvalid: 422,
  EntityNotFound: 404,
  EntityNotFoundAt: 404,
  QuotaExceeded: 409,
  SpaceLocked: 409,
  UndoTooLarge: 413,
  WriteDenied: 403
}

const own: Statuses<RecordsError> = { NoneOfRecords: 404, PlaceUnfit: 422, SelectionTooWide: 403 }

export const all = { ...write, ...own, ...teamProblems.team, ...StoreProblems.journal }
