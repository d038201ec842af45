/**
 * Invitations by links: what people do about them, and what newcomers ask by one, which takes no right but the link's. It decides
 * nothing.
 */
import { Bytes, DeviceKey, JoinAnswer, JoinRequest, OnboardingDesk, OnboardingState } from "@syncline/core"
import { AdminOnboarding } from "@syncline/core/admin"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import * as ActingMember from "./ActingMember.ts"
import * as teamProblems from "./teamProblems.ts"

/** A newcomer's request, with the longest names. */
const joinBytesMax = 4 * 1024

const reading = {
  method: "GET",
  tag: "onboarding",
  access: { kind: "scope", scope: "team:read" },
  isTeams: true,
  problems: teamProblems.onboarding
} as const
const writing = {
  ...reading,
  method: "POST",
  access: { kind: "scope", scope: "team:write" },
  problems: { ...teamProblems.onboarding, ...teamProblems.acting }
} as const

export const onboardingEndpoints = [
  endpoint({
    ...reading,
    id: "invitations.list",
    path: "/invitations",
    summary: "Invitations by links.",
    answer: AdminOnboarding.Invitations,
    run: Effect.fnUntraced(function* () {
      const desk = yield* OnboardingDesk.OnboardingDesk
      return { invitations: (yield* desk.invitations).map(shown) }
    })
  }),
  endpoint({
    ...writing,
    id: "invitations.make",
    path: "/invitations",
    summary: "Invites by a link whose secret the caller has drawn.",
    body: AdminOnboarding.Invite,
    answer: AdminOnboarding.Invited,
    run: Effect.fnUntraced(function* ({ body: { key, ...more }, principal }) {
      const desk = yield* OnboardingDesk.OnboardingDesk
      const { peer: hub } = yield* DeviceKey.DeviceKey
      const behalf = yield* ActingMember.behalfFor(principal)
      return { invitation: shown(yield* desk.invite({ ...more, key: Bytes.fromHex(key)!, behalf })), hub }
    })
  }),
  endpoint({
    ...writing,
    id: "invitations.revoke",
    path: "/invitations/revoke",
    summary: "Ends an invitation.",
    body: AdminOnboarding.Named,
    answer: AdminOnboarding.Revoked,
    run: Effect.fnUntraced(function* ({ body: { id }, principal }) {
      const desk = yield* OnboardingDesk.OnboardingDesk
      return { invitation: shown(yield* desk.revoke(id, yield* ActingMember.behalfFor(principal))) }
    })
  }),
  endpoint({
    ...reading,
    id: "requests.list",
    path: "/requests",
    summary: "Who asks to join, and what became of requests.",
    answer: AdminOnboarding.Requests,
    run: Effect.fnUntraced(function* () {
      const desk = yield* OnboardingDesk.OnboardingDesk
      return { requests: yield* desk.requests }
    })
  }),
  endpoint({
    ...writing,
    id: "requests.approve",
    path: "/requests/approve",
    summary: "Lets a newcomer in.",
    body: AdminOnboarding.Approval,
    answer: AdminOnboarding.Settled,
    run: Effect.fnUntraced(function* ({ body: { id, role }, principal }) {
      const desk = yield* OnboardingDesk.OnboardingDesk
      return { request: yield* desk.approve(id, role, yield* ActingMember.behalfFor(principal)) }
    })
  }),
  endpoint({
    ...writing,
    id: "requests.reject",
    path: "/requests/reject",
    summary: "Turns a newcomer away, for good.",
    body: AdminOnboarding.Rejection,
    answer: AdminOnboarding.Settled,
    run: Effect.fnUntraced(function* ({ body: { id, reason }, principal }) {
      const desk = yield* OnboardingDesk.OnboardingDesk
      return { request: yield* desk.reject(id, reason, yield* ActingMember.behalfFor(principal)) }
    })
  }),
  endpoint({
    ...writing,
    id: "join",
    path: "/join",
    summary: "Asks to join by an invitation's link; asked again it tells what became of it.",
    access: { kind: "open" },
    body: JoinRequest.JoinRequest,
    bodyBytesMax: joinBytesMax,
    answer: JoinAnswer.Signed,
    run: Effect.fnUntraced(function* ({ body, remote }) {
      const desk = yield* OnboardingDesk.OnboardingDesk
      return yield* desk.ask(body, remote)
    })
  })
]

/** An invitation as people see it. */
const shown = (invitation: OnboardingState.Invitation) => {
  const { key: _, ...others } = invitation
  return { ...others, standing: OnboardingState.standingOf(invitation) }
}
