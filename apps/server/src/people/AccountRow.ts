/** A row of an account as others see it. A role that this program does not know, e.g. of a later one, is the least. */
import { AdminScope } from "@syncline/core/admin"
import type { HubRow } from "@syncline/node/hub"
import type { AccountView } from "../rest/Principal.ts"

export const roleOf = (role: string): AdminScope.HubRole =>
  AdminScope.hubRoles.find((known) => known === role) ?? "viewer"

export const viewOf = ({ id, member, name, role }: HubRow.AccountRow): AccountView => ({
  id,
  name,
  role: roleOf(role),
  member
})
