/** What the hub's sentence is made of, asked from those who know it. */
import {
  Charter,
  CharterOperation,
  DeviceKey,
  Orchestrator,
  type OrchestratorError,
  SpaceKeys,
  type Status
} from "@syncline/core"
import { Effect, Option, Result } from "effect"
import * as Reader from "../records/Reader.ts"
import * as Health from "./Health.ts"

/** What it takes; a team's hub has its charter, too. */
export type HealthServices = Orchestrator.Orchestrator | SpaceKeys.SpaceKeys | DeviceKey.DeviceKey

interface Standing {
  readonly status: Status.Status
  /** Why nobody is given anything. */
  readonly closed: string | undefined
  readonly health: Health.Health
  /** Whether the hub's device may sign what people change of the team; nothing where there is no team. */
  readonly canManage: boolean | null
}

/** How it stands now. */
export const now: Effect.Effect<Standing, OrchestratorError.OrchestratorError, HealthServices> = Effect.gen(
  function* () {
    const status = yield* (yield* Orchestrator.Orchestrator).status
    const charter = Option.getOrUndefined(yield* Effect.serviceOption(Charter.Charter))
    const closed = charter === undefined ? undefined : Reader.decisionsOf(charter.state()).closed
    const keys = yield* Effect.result((yield* SpaceKeys.SpaceKeys).status)
    const seal = Result.isSuccess(keys) ? keys.success.state : "waiting"
    return { status, closed, health: Health.of({ status, closed, seal }), canManage: yield* canManage }
  }
)

const canManage = Effect.gen(function* () {
  const charter = Option.getOrUndefined(yield* Effect.serviceOption(Charter.Charter))
  if (charter === undefined) return null
  const { devices, members, roles } = charter.state()
  const device = devices.get((yield* DeviceKey.DeviceKey).peer)
  const member = device === undefined ? undefined : members.get(device.member)
  const level = member === undefined ? 0 : (roles.get(member.role)?.level ?? 0)
  return device?.isPaused === false && level >= CharterOperation.ownerLevel
})
