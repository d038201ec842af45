/**
 * `syncline pair new`: makes a code, shows it, waits for a device that knows it, and asks the person here; `pair accept` and
 * `pair deny` may answer from another terminal. The device is let in by what the folder has for that.
 */
import type { PairingInvitation, PairingMeeting, PairingWindow } from "@syncline/core/pairing"
import { PairingDesk } from "@syncline/core/pairing"
import { Effect, FiberHandle } from "effect"
import { renderUnicodeCompact } from "uqr"
import * as FolderKey from "../FolderKey.ts"
import * as Inviter from "../Inviter.ts"
import { Output } from "../Output.ts"
import * as PairingRoad from "../PairingRoad.ts"
import * as PairText from "../PairText.ts"
import * as PlainText from "../PlainText.ts"
import * as YesOrNo from "../YesOrNo.ts"

export interface NewInput extends Inviter.InviterInput {
  readonly name: string | undefined
  /** Invites a device in the same network, as one without a hub always does. */
  readonly isDirect: boolean
  readonly isDrawing: boolean
}

export const run = Effect.fnUntraced(function* (input: NewInput) {
  const inviter = yield* Inviter.of(input)
  const name = yield* PairingRoad.nameOf(input.name)
  const desk = PairingRoad.layerDesk(input.data, inviter.space, name)
  if (input.isDirect || inviter.hub === undefined) {
    const { addresses, meeting } = yield* PairingRoad.inviteNearby(yield* FolderKey.load(input.data))
    return yield* Effect.provide(invite(input, inviter, { meeting, addresses }), desk)
  }
  const place = { meeting: yield* PairingRoad.through(inviter.hub), addresses: [] }
  yield* PairingRoad.sayHow(input.hub)(Effect.provide(invite(input, inviter, place), desk))
}, Effect.scoped)

/** Where the two meet, and, where that is this device itself, how it is reached. */
interface Place {
  readonly meeting: PairingMeeting.PairingMeeting
  readonly addresses: ReadonlyArray<string>
}

const invite = Effect.fnUntraced(function* (input: NewInput, inviter: Inviter.Inviter, { addresses, meeting }: Place) {
  const output = yield* Output
  const desk = yield* PairingDesk.PairingDesk
  // The question at this terminal, which another one may answer first.
  const question = yield* FiberHandle.make()
  const invitation = yield* desk.invite({
    meeting,
    role: inviter.role,
    ...(inviter.hub === undefined ? {} : { hub: inviter.hub }),
    admit: inviter.admit,
    onEvent: (event) => tell(input, inviter, desk, question, event).pipe(Effect.provideService(Output, output))
  })
  const { digits, link, outcome, window, words } = invitation
  const document = { event: "invited", digits, words, link, hub: inviter.hub, addresses, expiresMs: window.expiresMs }
  yield* output.line(document, yield* textOf(input, inviter, invitation, addresses))
  yield* output.note("Waiting for the other device; Ctrl-C ends the code.")
  const came = yield* outcome
  yield* FiberHandle.clear(question)
  yield* report(inviter, came)
})

const textOf = Effect.fnUntraced(function* (
  { isDrawing }: NewInput,
  { hub }: Inviter.Inviter,
  invitation: PairingDesk.Invitation<unknown>,
  addresses: ReadonlyArray<string>
) {
  const { link } = invitation
  if (hub === undefined || link === undefined) return PairText.nearbyInvitation(invitation, addresses)
  const isDrawn = isDrawing || (yield* YesOrNo.isAsking)
  return PairText.invitation(invitation, hub, isDrawn ? renderUnicodeCompact(link) : undefined)
})

const tell = Effect.fnUntraced(function* (
  { data }: NewInput,
  inviter: Inviter.Inviter,
  desk: PairingDesk.PairingDeskShape,
  question: FiberHandle.FiberHandle,
  event: PairingInvitation.InvitationEvent
) {
  const output = yield* Output
  if (event._tag === "Asked") {
    const { join } = event
    const member = inviter.memberOf(join)
    yield* output.note(PairText.request(join, member))
    if (output.isJson) yield* Effect.ignore(output.line({ event: "asked", member: member ?? null, ...join }, ""))
    const isHere = !output.isJson && (yield* YesOrNo.isAsking)
    if (!isHere) return yield* output.note(PairText.howToAnswer(join, data))
    return yield* Effect.asVoid(FiberHandle.run(question, askHere(desk, join)))
  }
  if (event._tag === "Failed") yield* FiberHandle.clear(question)
  const text = PairText.event(event)
  if (text !== undefined) yield* output.note(text)
})

const askHere = Effect.fnUntraced(function* (desk: PairingDesk.PairingDeskShape, { id }: PairingWindow.Join) {
  const isLetIn = yield* YesOrNo.ask("Does its screen show the same number, and shall it be let in?")
  // Another terminal may have been quicker.
  yield* Effect.ignore(isLetIn ? desk.accept(id) : desk.decline(id))
})

const report = Effect.fnUntraced(function* (inviter: Inviter.Inviter, came: PairingInvitation.Outcome) {
  const { isConfirmed, join } = came
  const output = yield* Output
  const member = inviter.memberOf(join)
  const as = member === undefined ? "is trusted now" : `is a device of ${member} now, with the role ${join.role}`
  const { name, peer, role } = join
  const document = { event: "paired", peer, name, member: member ?? null, role, isConfirmed }
  yield* output.line(document, `Paired: ${PlainText.part(name)} (${peer}) ${as}.`)
  if (join.outcome === "unkept") yield* output.note(PairText.unkept)
  else if (!isConfirmed) yield* output.note("It went away before it confirmed; it is let in all the same.")
  const next = inviter.next(join)
  if (next !== undefined) yield* output.note(next)
})
