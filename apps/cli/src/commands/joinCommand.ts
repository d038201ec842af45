/**
 * `syncline join`: asks the hub of an invitation's link to let this device in, and waits for its people, asking again ever more
 * rarely. The device's key is kept before it first asks, so that a later run is the same newcomer; a member it is, and the
 * folder a device of the team, only once the hub has said so.
 */
import { InvitationLink, type JoinAnswer, OnboardingError, type SpaceId } from "@syncline/core"
import { DeviceKeyFile } from "@syncline/node"
import { Clock, Effect, Result } from "effect"
import { because, type CliError, UsageInvalid } from "../CliError.ts"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import * as FolderKey from "../FolderKey.ts"
import * as HubIdentity from "../HubIdentity.ts"
import * as HubJoin from "../HubJoin.ts"
import { command } from "../Invocation.ts"
import { HubForeign, RequestRejected, RequestWaiting } from "../JoinError.ts"
import * as JoinedFolder from "../JoinedFolder.ts"
import { Output } from "../Output.ts"
import * as PairingRoad from "../PairingRoad.ts"
import * as PlainText from "../PlainText.ts"
import * as TypedLine from "../TypedLine.ts"

/** From one question to the next: the first, and the longest; each is twice as long as the one before. */
const againMsMin = 2_000
const againMsMax = 30_000

export interface JoinInput {
  readonly data: string
  readonly link: string | undefined
  readonly name: string | undefined
  /** Seconds to wait for an answer; 0 asks once. */
  readonly timeout: number
}

export const run = Effect.fnUntraced(function* (input: JoinInput) {
  const output = yield* Output
  const link = yield* linkOf(input.link ?? (yield* typedLink))
  const name = yield* PairingRoad.nameOf(input.name)
  const known = yield* DeviceFile.read(input.data)
  yield* checkFolder(input.data, known, link)
  yield* checkHub(link)
  const seed = yield* FolderKey.load(input.data)
  const device = DeviceKeyFile.deviceKey(seed)
  const untilMs = (yield* Clock.currentTimeMillis) + input.timeout * 1_000
  const answer = yield* answerTo(input.data, { link, device, name }, untilMs)
  if (answer.status === "rejected") {
    const problem = PlainText.part(answer.because ?? "nobody says why")
    return yield* because(new RequestRejected({ request: answer.request, problem }))
  }
  const { member, role, spaceName } = answer
  const joined = yield* JoinedFolder.keep(
    { data: input.data, hub: link.hub, isNearby: false, known, seed },
    {
      inviter: link.hubPeer,
      inviterName: "hub",
      space: answer.space as SpaceId.SpaceId,
      grant: { spaceName, policy: "enterprise", hub: link.hubPeer }
    }
  )
  const text = `Joined: this device (${device.peer}) is one of the member ${member}, with the role ${role}.\nIt belongs to the space ${joined.spaceName ?? joined.space}, in ${input.data}.`
  const { request } = answer
  yield* output.result({ event: "joined", request, peer: device.peer, member, role, data: input.data, ...joined }, text)
  yield* output.note(`Next:\n  ${command(`sync --data ${input.data}`)}`)
})

/** Not in the list of processes, which everybody on this machine can read. */
const typedLink = Effect.gen(function* () {
  yield* (yield* Output).note("Paste the link:")
  return yield* TypedLine.read(true)
})

const linkOf = Effect.fnUntraced(function* (text: string) {
  const parsed = InvitationLink.parse(text)
  return Result.isSuccess(parsed) ? parsed.success : yield* OnboardingError.because(parsed.failure)
})

/**
 * Only a new folder joins, or one of this very hub's team: what lies in another one would go to the team, and a hub's own folder
 * stays one.
 */
const checkFolder = (
  data: string,
  known: DeviceFile.Device | undefined,
  { hubPeer }: InvitationLink.InvitationLink
): Effect.Effect<void, CliError> => {
  const refuse = (what: string) => {
    const problem = `${data} is ${what}; use another --data folder`
    return Effect.fail(because(new UsageInvalid({ problem })))
  }
  if (known === undefined) return Device.isChartered(data, known) ? refuse("a hub's folder") : Effect.void
  if (known.policy === "enterprise" && known.hub?.peer === hubPeer) return Effect.void
  return refuse(`a device of the space ${known.spaceName ?? known.space} already, and not of the hub that invites`)
}

/** Before anything is asked, and so counted. */
const checkHub = Effect.fnUntraced(function* ({ hub, hubPeer }: InvitationLink.InvitationLink) {
  const { peer } = yield* HubIdentity.ask(hub)
  if (peer === hubPeer) return
  const problem = `it is ${PlainText.part(peer)}, and the link names ${hubPeer}`
  return yield* because(new HubForeign({ address: hub, problem }))
})

/** Asks until the request is decided or the time is over. */
const answerTo = Effect.fnUntraced(function* (data: string, newcomer: HubJoin.Newcomer, untilMs: number) {
  const output = yield* Output
  let waiting: JoinAnswer.JoinAnswer | undefined
  for (let againMs = againMsMin; ; againMs = Math.min(2 * againMs, againMsMax)) {
    const asked = yield* Effect.result(HubJoin.ask(newcomer))
    if (Result.isSuccess(asked) && asked.success.status !== "pending") return asked.success
    if (Result.isFailure(asked) && (waiting === undefined || !HubJoin.isPassing(asked.failure))) {
      return yield* Effect.fail(asked.failure)
    }
    if (Result.isSuccess(asked) && waiting === undefined) {
      waiting = asked.success
      yield* output.note(waitingText(waiting))
    }
    const leftMs = untilMs - (yield* Clock.currentTimeMillis)
    if (leftMs <= 0) return yield* because(new RequestWaiting({ request: waiting!.request, data }))
    yield* Effect.sleep(Math.min(againMs, leftMs))
  }
})

const waitingText = ({ request, spaceName }: JoinAnswer.JoinAnswer): string =>
  `Asked to join ${PlainText.part(spaceName)}. Tell its people your request's id, ${request}; waiting for them ...`
