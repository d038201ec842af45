import { expect, it } from "@effect/vitest"
import { scopes, scopesOf } from "../../src/admin/AdminScope.ts"

it("[AD-1] a viewer reads, an admin does all but making admins, an owner does all", () => {
  expect([...scopesOf.owner]).toEqual([...scopes])
  expect([...scopesOf.admin]).toEqual(scopes.filter((scope) => scope !== "accounts:write"))
  expect([...scopesOf.viewer]).toEqual([
    "status:read",
    "records:read",
    "team:read",
    "peers:read",
    "audit:read",
    "operate:read"
  ])
})
