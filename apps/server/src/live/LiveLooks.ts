/**
 * What nobody tells of by itself: requests to join, devices that know a code, backups under way and the audit's end. All of it is looked at
 * now and then while somebody listens, and told where it is another than it was. Who hears of it is the feed's to say.
 */
import { AuditStore, OnboardingDesk } from "@syncline/core"
import type { AdminLive, AdminScope } from "@syncline/core/admin"
import { type Context, Effect, Option } from "effect"
import { Backups } from "../backup/Backups.ts"
import { PairingKeeper } from "../team/PairingKeeper.ts"

/** Something to look at, and the right that it takes to hear of it. */
export interface Look {
  readonly scope: AdminScope.AdminScope
  /** What is to be told, and a text that is another one where something changed; nothing where it cannot be looked at. */
  readonly see: Effect.Effect<{ readonly event: AdminLive.LiveEvent; readonly mark: string } | undefined>
}

export type LookServices = AuditStore.AuditStore | Backups | PairingKeeper

/** A hub without a team has no requests. */
export const looksOf = (services: Context.Context<LookServices>): ReadonlyArray<Look> => {
  const within = <E>(see: Effect.Effect<Seen, E, LookServices>): Look["see"] =>
    Effect.provide(
      Effect.orElseSucceed(see, () => undefined),
      services
    )
  return [
    { scope: "team:read", see: within(requests) },
    { scope: "team:write", see: within(pairing) },
    { scope: "operate:read", see: within(backups) },
    { scope: "audit:read", see: within(audit) }
  ]
}

type Seen = { readonly event: AdminLive.LiveEvent; readonly mark: string } | undefined

const requests = Effect.gen(function* () {
  const desk = yield* Effect.serviceOption(OnboardingDesk.OnboardingDesk)
  if (Option.isNone(desk)) return undefined
  const all = yield* desk.value.requests
  const pending = all.filter(({ status }) => status === "pending").length
  return { event: { _tag: "RequestsChanged", pending }, mark: all.map(({ id, status }) => id + status).join() } as const
})

const pairing = Effect.gen(function* () {
  const joins = yield* (yield* PairingKeeper).pending
  return { event: { _tag: "PairingAsks", pending: joins.length }, mark: joins.map(({ id }) => id).join() } as const
})

const backups = Effect.gen(function* () {
  const runs = yield* (yield* Backups).runs
  const isUnderWay = runs.some(({ endedMs }) => endedMs === undefined)
  const [newest] = runs
  return { event: { _tag: "BackupChanged", isUnderWay }, mark: `${newest?.beganMs} ${isUnderWay}` } as const
})

const audit = Effect.gen(function* () {
  const { last } = yield* (yield* AuditStore.AuditStore).ends
  const upto = last?.number ?? 0
  return { event: { _tag: "AuditGrew", upto }, mark: String(upto) } as const
})
