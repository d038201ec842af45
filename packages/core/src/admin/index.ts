/** The door to what a hub's REST interface says, for its server, the command line and the browser alike. Only re-exports. */
export * as AdminAudit from "./AdminAudit.ts"
export { AdminIdentity } from "./AdminIdentity.ts"
export * as AdminOnboarding from "./AdminOnboarding.ts"
export * as AdminPage from "./AdminPage.ts"
export * as AdminPolicy from "./AdminPolicy.ts"
export * as AdminProblem from "./AdminProblem.ts"
export * as AdminScope from "./AdminScope.ts"
export * as AdminTeam from "./AdminTeam.ts"
