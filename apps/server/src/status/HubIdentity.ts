/** Who this hub is. Where it is reached is known once it listens; before, it says that nobody can dial. */
import type { AdminIdentity } from "@syncline/core/admin"
import { Context } from "effect"

export class HubIdentity extends Context.Service<HubIdentity, { current: AdminIdentity }>()(
  "@syncline/server/status/HubIdentity"
) {}
