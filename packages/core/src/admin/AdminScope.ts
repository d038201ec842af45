/**
 * What people and programs may do at a hub by its REST interface: scopes, and the roles that have them. Rights in the space are the
 * charter's; a scope opens a question, and the charter still decides what is answered.
 */

/** What a caller may be allowed, the same for signed-in people and for tokens. */
export const scopes = [
  "status:read",
  "records:read",
  "records:write",
  "team:read",
  "team:write",
  "policy:write",
  "peers:read",
  "peers:write",
  "quarantine:write",
  "audit:read",
  "operate:read",
  "operate:write",
  "accounts:write"
] as const
export type AdminScope = (typeof scopes)[number]

/** Roles of people at a hub, the most powerful first. */
export const hubRoles = ["owner", "admin", "viewer"] as const
export type HubRole = (typeof hubRoles)[number]

const isReading = (scope: AdminScope): boolean => scope.endsWith(":read")

/** A viewer reads; an admin does all but what makes admins. */
export const scopesOf: { readonly [Role in HubRole]: ReadonlySet<AdminScope> } = {
  owner: new Set(scopes),
  admin: new Set(scopes.filter((scope) => scope !== "accounts:write")),
  viewer: new Set(scopes.filter(isReading))
}
