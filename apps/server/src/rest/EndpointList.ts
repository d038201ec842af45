/** All endpoints of the REST interface: one list, which is served, described and tested as it is. */
import { auditEndpoints } from "../audit/auditEndpoints.ts"
import { backupEndpoints } from "../backup/backupEndpoints.ts"
import { gatewayEndpoints } from "../gateway/gatewayEndpoints.ts"
import { operationEndpoints } from "../operation/operationEndpoints.ts"
import { accountEndpoints } from "../people/accountEndpoints.ts"
import { oidcEndpoints } from "../people/oidcEndpoints.ts"
import { passkeyEndpoints } from "../people/passkeyEndpoints.ts"
import { signInEndpoints } from "../people/signInEndpoints.ts"
import { historyEndpoints } from "../records/historyEndpoints.ts"
import { quarantineEndpoints } from "../records/quarantineEndpoints.ts"
import { receiptEndpoints } from "../records/receiptEndpoints.ts"
import { recordEndpoints } from "../records/recordEndpoints.ts"
import { typeEndpoints } from "../records/typeEndpoints.ts"
import { writingEndpoints } from "../records/writingEndpoints.ts"
import { peerEndpoints } from "../peers/peerEndpoints.ts"
import { relationEndpoints } from "../peers/relationEndpoints.ts"
import { routeEndpoints } from "../peers/routeEndpoints.ts"
import { identityEndpoints } from "../status/identityEndpoints.ts"
import { spaceEndpoints } from "../status/spaceEndpoints.ts"
import { statusEndpoints } from "../status/statusEndpoints.ts"
import { charterEndpoints } from "../team/charterEndpoints.ts"
import { deviceEndpoints } from "../team/deviceEndpoints.ts"
import { memberEndpoints } from "../team/memberEndpoints.ts"
import { onboardingEndpoints } from "../team/onboardingEndpoints.ts"
import { pairingEndpoints } from "../team/pairingEndpoints.ts"
import { policyEndpoints } from "../team/policyEndpoints.ts"
import { roleEndpoints } from "../team/roleEndpoints.ts"
import type { AnyEndpoint } from "./Endpoint.ts"

export const endpoints: ReadonlyArray<AnyEndpoint> = [
  ...identityEndpoints,
  ...signInEndpoints,
  ...passkeyEndpoints,
  ...oidcEndpoints,
  ...accountEndpoints,
  ...charterEndpoints,
  ...memberEndpoints,
  ...deviceEndpoints,
  ...roleEndpoints,
  ...pairingEndpoints,
  ...policyEndpoints,
  ...onboardingEndpoints,
  ...auditEndpoints,
  ...backupEndpoints,
  ...operationEndpoints,
  ...typeEndpoints,
  ...recordEndpoints,
  ...writingEndpoints,
  ...historyEndpoints,
  ...quarantineEndpoints,
  ...receiptEndpoints,
  ...gatewayEndpoints,
  ...spaceEndpoints,
  ...statusEndpoints,
  ...peerEndpoints,
  ...routeEndpoints,
  ...relationEndpoints
]
