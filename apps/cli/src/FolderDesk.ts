/**
 * What may be asked of a team's policy: the hub that runs on the folder answers, and where none runs the folder itself, as
 * far as it knows the charter. So a device says why it has what it has, without a hub. Nothing is written here.
 */
import { existsSync } from "node:fs"
import { Charter, CharterStore, Journal } from "@syncline/core"
import { NodeCrypto, SqliteCharter } from "@syncline/node"
import { PolicyDesk, PolicyFile } from "@syncline/policy"
import { Effect, Layer, Schema } from "effect"
import * as Device from "./Device.ts"
import type * as HubClient from "./HubClient.ts"
import * as LocalDoor from "./LocalDoor.ts"
import * as FolderKey from "./FolderKey.ts"
import { Output } from "./Output.ts"

/** A desk on the folder's own files. */
export interface Desk {
  readonly charter: PolicyDesk.CharterCompared
  readonly records: PolicyDesk.DeskRecords
}

/** Asks the hub, or the folder; both answers have the same form. */
export const ask = <A, I, E, R>(
  folder: string,
  question: HubClient.Question<A, I>,
  here: (desk: Desk) => Effect.Effect<unknown, E, R>
) =>
  LocalDoor.ask(folder, question).pipe(
    Effect.catchIf(
      ({ reason }) =>
        reason._tag === "DoorClosed" && existsSync(SqliteCharter.charterFile(folder)) && Device.hasKey(folder),
      () => Effect.map(asFolderKnows(folder, here), Schema.decodeUnknownSync(question.answer))
    )
  )

const asFolderKnows = Effect.fnUntraced(function* <A, E, R>(
  folder: string,
  here: (desk: Desk) => Effect.Effect<A, E, R>
) {
  const output = yield* Output
  yield* output.note("No hub runs on this folder; this is what the folder itself knows.")
  return yield* Effect.gen(function* () {
    const journal = yield* Journal.Journal
    return yield* here({ charter: yield* charterOf(folder, journal), records: PolicyDesk.recordsOf(journal) })
  }).pipe(Effect.provide(Device.layerReading(folder)))
})

/** A copy in memory, so nothing that is asked can change the folder. */
const charterOf = Effect.fnUntraced(function* (folder: string, { info: { space } }: Journal.JournalShape) {
  const stored = yield* SqliteCharter.readOnly(folder)
  const layer = Charter.layer({ space, policyProblem: PolicyFile.problemOf }).pipe(
    Layer.provide(CharterStore.CharterStore.layerMemory([...stored], SqliteCharter.charterFile(folder))),
    Layer.provide(Layer.merge(NodeCrypto.layer, FolderKey.layer(folder)))
  )
  return yield* Effect.provide(Charter.Charter, layer)
})
