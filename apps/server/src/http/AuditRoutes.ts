/**
 * The audit over HTTP, behind the local door: its newest entries, and whether its chain holds. It changes nothing.
 */
import { AuditStore, Crypto, DeviceKey } from "@syncline/core"
import { AuditChain, AuditReport } from "@syncline/policy"
import { Context, Effect, Schema } from "effect"
import type { FastifyInstance } from "fastify"
import { answering } from "./CharterRoutes.ts"
import type { LocalDoor } from "./LocalDoor.ts"

export type AuditServices = AuditStore.AuditStore | Crypto.Crypto | DeviceKey.DeviceKey

const Place = Schema.FiniteFromString.check(Schema.isInt(), Schema.isGreaterThan(0))
const Question = Schema.Struct({
  before: Schema.optionalKey(Place),
  limit: Schema.optionalKey(Place.check(Schema.isLessThanOrEqualTo(AuditReport.listMax))),
  denied: Schema.optionalKey(Schema.Literal("true")),
  action: Schema.optionalKey(Schema.Literals(AuditChain.actions)),
  peer: Schema.optionalKey(Schema.String)
})

const listedDefault = 100

/** Adds the routes; nobody gets through them without the door's token. */
export const install = (app: FastifyInstance, services: Context.Context<AuditServices>, door: LocalDoor): void => {
  const reads = Context.get(services, AuditStore.AuditStore)
  const crypto = Context.get(services, Crypto.Crypto)
  const { peer: self } = Context.get(services, DeviceKey.DeviceKey)
  const options = { onRequest: door.check }
  app.get(
    "/api/v1/audit",
    options,
    answering(Question, ({ denied, limit = listedDefault, ...question }) =>
      Effect.map(AuditReport.list(reads, { ...question, limit, isDenied: denied === "true" }), (entries) => ({
        entries
      }))
    )
  )
  app.get(
    "/api/v1/audit/verify",
    options,
    answering(Schema.Struct({}), () =>
      Effect.map(AuditReport.verify(reads, crypto, self), ({ fault, ...verdict }) => ({
        ...verdict,
        fault: fault ?? null
      }))
    )
  )
}
