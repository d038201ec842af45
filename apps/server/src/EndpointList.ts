/** All endpoints of the REST interface: one list, which is served, described and tested as it is, and what they may use. */
import type { Charter, OnboardingDesk } from "@syncline/core"
import type { NodeServices } from "@syncline/node"
import type { HubStore } from "@syncline/node/hub"
import type { Imports } from "./exchange/Imports.ts"
import type { Conflicts } from "./records/Conflicts.ts"
import { auditEndpoints } from "./audit/auditEndpoints.ts"
import { backupEndpoints } from "./backup/backupEndpoints.ts"
import { exchangeEndpoints } from "./exchange/exchangeEndpoints.ts"
import { gatewayEndpoints } from "./gateway/gatewayEndpoints.ts"
import { operationEndpoints } from "./operation/operationEndpoints.ts"
import { settingsEndpoints } from "./operation/settingsEndpoints.ts"
import { accountEndpoints } from "./people/accountEndpoints.ts"
import { oidcEndpoints } from "./people/oidcEndpoints.ts"
import { passkeyEndpoints } from "./people/passkeyEndpoints.ts"
import { signInEndpoints } from "./people/signInEndpoints.ts"
import { conflictEndpoints } from "./records/conflictEndpoints.ts"
import { historyEndpoints } from "./records/historyEndpoints.ts"
import { quarantineEndpoints } from "./records/quarantineEndpoints.ts"
import { receiptEndpoints } from "./records/receiptEndpoints.ts"
import { recordEndpoints } from "./records/recordEndpoints.ts"
import { typeEndpoints } from "./records/typeEndpoints.ts"
import { writingEndpoints } from "./records/writingEndpoints.ts"
import { peerEndpoints } from "./peers/peerEndpoints.ts"
import { relationEndpoints } from "./peers/relationEndpoints.ts"
import { routeEndpoints } from "./peers/routeEndpoints.ts"
import { identityEndpoints } from "./status/identityEndpoints.ts"
import { spaceEndpoints } from "./status/spaceEndpoints.ts"
import { statusEndpoints } from "./status/statusEndpoints.ts"
import { charterEndpoints } from "./team/charterEndpoints.ts"
import { deviceEndpoints } from "./team/deviceEndpoints.ts"
import { draftEndpoints } from "./team/draftEndpoints.ts"
import { memberEndpoints } from "./team/memberEndpoints.ts"
import { onboardingEndpoints } from "./team/onboardingEndpoints.ts"
import { pairingEndpoints } from "./team/pairingEndpoints.ts"
import { policyEndpoints } from "./team/policyEndpoints.ts"
import { roleEndpoints } from "./team/roleEndpoints.ts"
import type { Backups } from "./backup/Backups.ts"
import type { OpenGateways } from "./gateway/Gateways.ts"
import type { Quotas } from "./operation/Quotas.ts"
import type { RunTimeSettings } from "./operation/RunTimeSettings.ts"
import type { RunningHub } from "./operation/RunningHub.ts"
import type { PeerServices } from "./peers/PeerLayer.ts"
import type { PeopleServices } from "./people/PeopleLayer.ts"
import type { HubIdentity } from "./status/HubIdentity.ts"
import type { Stats } from "./status/Stats.ts"
import type { PairingKeeper } from "./team/PairingKeeper.ts"
import type { AnyEndpoint } from "./rest/Endpoint.ts"

/** What an endpoint may use. Those of teams also have a team's. */
export type HubServices =
  | NodeServices
  | PeopleServices
  | PeerServices
  | Stats
  | HubIdentity
  | HubStore.HubStore
  | Conflicts
  | Imports
  | Backups
  | OpenGateways
  | RunningHub
  | Quotas
  | RunTimeSettings
  | PairingKeeper
  | Charter.Charter
  | OnboardingDesk.OnboardingDesk

export const endpoints: ReadonlyArray<AnyEndpoint<HubServices>> = [
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
  ...draftEndpoints,
  ...onboardingEndpoints,
  ...auditEndpoints,
  ...backupEndpoints,
  ...exchangeEndpoints,
  ...operationEndpoints,
  ...settingsEndpoints,
  ...typeEndpoints,
  ...recordEndpoints,
  ...writingEndpoints,
  ...historyEndpoints,
  ...conflictEndpoints,
  ...quarantineEndpoints,
  ...receiptEndpoints,
  ...gatewayEndpoints,
  ...spaceEndpoints,
  ...statusEndpoints,
  ...peerEndpoints,
  ...routeEndpoints,
  ...relationEndpoints
]
