/**
 * Invitations over HTTP: behind the local door what people do about them, and at `POST /api/v1/join`, which is open to
 * everybody, what newcomers ask by a link. Bodies are JSON. It decides nothing.
 */
import { Bytes, DeviceKey, JoinRequest, OnboardingDesk, OnboardingState } from "@syncline/core"
import { Context, Effect, Schema } from "effect"
import type { FastifyInstance } from "fastify"
import { answering } from "./CharterRoutes.ts"
import type { LocalDoor } from "./LocalDoor.ts"

export type OnboardingServices = OnboardingDesk.OnboardingDesk | DeviceKey.DeviceKey

/** A newcomer's request, with the longest names. */
const joinBytesMax = 4 * 1024

const Nothing = Schema.Struct({})
const Id = Schema.String.check(Schema.isMaxLength(32))
const Invite = Schema.Struct({
  /** Public half of the link's key, in hexadecimal digits. */
  key: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)),
  role: Schema.optionalKey(Schema.String),
  teams: Schema.optionalKey(Schema.Array(Schema.String)),
  validMs: Schema.optionalKey(Schema.Int),
  uses: Schema.optionalKey(Schema.Int),
  isByHand: Schema.optionalKey(Schema.Boolean)
})
const Named = Schema.Struct({ id: Id })
const Approval = Schema.Struct({ id: Id, role: Schema.optionalKey(Schema.String) })
const Rejection = Schema.Struct({
  id: Id,
  reason: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(OnboardingState.reasonCharsMax)))
})

/** Adds the routes; nobody gets through them without the door's token, but newcomers through theirs. */
export const install = (app: FastifyInstance, services: Context.Context<OnboardingServices>, door: LocalDoor): void => {
  const desk = Context.get(services, OnboardingDesk.OnboardingDesk)
  const { peer: hub } = Context.get(services, DeviceKey.DeviceKey)
  const options = { onRequest: door.check }
  app.get(
    "/api/v1/invitations",
    options,
    answering(Nothing, () => Effect.map(desk.invitations, (all) => ({ invitations: all.map(shown) })))
  )
  app.post(
    "/api/v1/invitations",
    options,
    answering(Invite, ({ key, ...more }) =>
      Effect.map(desk.invite({ ...more, key: Bytes.fromHex(key)! }), (invitation) => ({
        invitation: shown(invitation),
        // The link names it.
        hub
      }))
    )
  )
  app.post(
    "/api/v1/invitations/revoke",
    options,
    answering(Named, ({ id }) => Effect.map(desk.revoke(id), (invitation) => ({ invitation: shown(invitation) })))
  )
  app.get(
    "/api/v1/requests",
    options,
    answering(Nothing, () => Effect.map(desk.requests, (requests) => ({ requests })))
  )
  app.post(
    "/api/v1/requests/approve",
    options,
    answering(Approval, ({ id, role }) => Effect.map(desk.approve(id, role), (request) => ({ request })))
  )
  app.post(
    "/api/v1/requests/reject",
    options,
    answering(Rejection, ({ id, reason }) => Effect.map(desk.reject(id, reason), (request) => ({ request })))
  )
  app.post("/api/v1/join", { bodyLimit: joinBytesMax }, (request, reply) =>
    answering(JoinRequest.JoinRequest, (asked) => desk.ask(asked, request.ip))(request, reply)
  )
}

/** An invitation as people see it. */
const shown = (invitation: OnboardingState.Invitation) => {
  const { key: _, ...others } = invitation
  return { ...others, standing: OnboardingState.standingOf(invitation) }
}
