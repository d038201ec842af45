/** What each right of a token or an account opens, in words. */
import type { Scope } from "../../session/who.ts"

export const scopeWords: { readonly [S in Scope]: string } = {
  "status:read": "See how the hub stands, and hear what happens",
  "records:read": "Read records, as far as the member may",
  "records:write": "Write records, as far as the member may",
  "team:read": "See members, devices, roles and rules",
  "team:write": "Change members, devices and roles, and let devices in",
  "policy:write": "Put another policy in force",
  "peers:read": "See peers and routes",
  "peers:write": "Sync, pause and end links, change routes",
  "quarantine:write": "Release and discard what waits in quarantine",
  "audit:read": "Read the audit",
  "operate:read": "See backups, settings and diagnostics, export the space",
  "operate:write": "Make backups, change settings, stop and start, import",
  "accounts:write": "Make and change accounts"
}

export const allScopes = Object.keys(scopeWords) as ReadonlyArray<Scope>
