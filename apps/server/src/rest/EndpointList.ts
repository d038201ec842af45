/** All endpoints of the REST interface: one list, which is served, described and tested as it is. */
import { auditEndpoints } from "../audit/auditEndpoints.ts"
import { identityEndpoints } from "../status/identityEndpoints.ts"
import { charterEndpoints } from "../team/charterEndpoints.ts"
import { onboardingEndpoints } from "../team/onboardingEndpoints.ts"
import { policyEndpoints } from "../team/policyEndpoints.ts"
import type { AnyEndpoint } from "./Endpoint.ts"

export const endpoints: ReadonlyArray<AnyEndpoint> = [
  ...identityEndpoints,
  ...charterEndpoints,
  ...policyEndpoints,
  ...onboardingEndpoints,
  ...auditEndpoints
]
