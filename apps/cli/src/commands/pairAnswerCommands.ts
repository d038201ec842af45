/**
 * `syncline pair pending`, `accept` and `deny`: look at devices that wait to be let in, and answer, beside the terminal that
 * made the code. That terminal does what the answer says; this one waits to tell what came of it.
 */
import { PairingDesk, type PairingWindow } from "@syncline/core/pairing"
import { Effect, Schedule } from "effect"
import { because, UsageInvalid } from "../CliError.ts"
import * as Device from "../Device.ts"
import { Output } from "../Output.ts"
import { InviterGone } from "../PairError.ts"
import * as PairingRoad from "../PairingRoad.ts"
import * as PairText from "../PairText.ts"
import * as PlainText from "../PlainText.ts"

interface On {
  readonly data: string
}

export interface AnswerInput extends On {
  readonly id: string | undefined
}

/** How long the terminal that made the code may take to act on an answer. */
const actMsMax = 15_000
const lookEveryMs = 100

/** The desk of the folder, which must be a device's or a hub's; answering needs no name. */
const atDesk = <A, E, R>(data: string, work: (desk: PairingDesk.PairingDeskShape) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    yield* Device.peerOf(data)
    const space = yield* Device.spaceOf(data)
    const working = Effect.flatMap(PairingDesk.PairingDesk, work)
    return yield* Effect.provide(working, PairingRoad.layerDesk(data, space, "a terminal"))
  })

export const pending = ({ data }: On) =>
  atDesk(data, (desk) =>
    Effect.gen(function* () {
      const output = yield* Output
      const joins = yield* desk.pending
      for (const join of joins) yield* output.line(join, PairText.line(join))
      if (joins.length === 0) yield* output.note("Nobody waits to join.")
    })
  )

export const accept = ({ data, id, role }: AnswerInput & { readonly role: string | undefined }) =>
  atDesk(data, (desk) =>
    Effect.gen(function* () {
      const output = yield* Output
      const join = yield* desk.accept(yield* idOf(desk, id), role)
      const now = yield* settled(desk, join)
      if (now.outcome === "failed" || now.outcome === "waiting") {
        return yield* because(new InviterGone({ name: PlainText.part(join.name) }))
      }
      const { name, peer } = now
      yield* output.result({ ...now }, `${PlainText.part(name)} (${peer}) is let in.`)
      if (now.outcome === "unkept") yield* output.note(PairText.unkept)
      if (now.outcome === "granted") yield* output.note("It has not confirmed yet.")
    })
  )

export const deny = ({ data, id }: AnswerInput) =>
  atDesk(data, (desk) =>
    Effect.gen(function* () {
      const output = yield* Output
      const join = yield* desk.decline(yield* idOf(desk, id))
      yield* output.result(join, `${PlainText.part(join.name)} (${join.peer}) is not let in.`)
    })
  )

/** The one that waits, where none is named. */
const idOf = Effect.fnUntraced(function* (desk: PairingDesk.PairingDeskShape, id: string | undefined) {
  if (id !== undefined) return id
  const joins = yield* desk.pending
  if (joins.length === 1) return joins[0]!.id
  const problem =
    joins.length === 0 ? "Nobody waits to join." : `Several wait; name one: ${joins.map((join) => join.id).join(", ")}`
  return yield* because(new UsageInvalid({ problem }))
})

/** The request once the other terminal has acted on the answer, or as it is when that takes too long. */
const settled = ({ joinOf }: PairingDesk.PairingDeskShape, join: PairingWindow.Join) =>
  Effect.map(joinOf(join.id), (now) => now ?? join).pipe(
    Effect.repeat({
      schedule: Schedule.spaced(lookEveryMs),
      until: ({ outcome }) => outcome === "paired" || outcome === "unkept" || outcome === "failed",
      times: actMsMax / lookEveryMs
    }),
    Effect.andThen(Effect.map(joinOf(join.id), (now) => now ?? join))
  )
