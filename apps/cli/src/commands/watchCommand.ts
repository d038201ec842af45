/**
 * `syncline watch`: stays with the hub and the device's mailboxes and prints every change of a record as it becomes durable here, until it is
 * interrupted. Changes from before it began are `query`'s and `export`'s business.
 */
import { Journal, Records } from "@syncline/core"
import { RoadMemory } from "@syncline/node"
import { Effect, Stream } from "effect"
import * as Connection from "../Connection.ts"
import * as Device from "../Device.ts"
import { Output } from "../Output.ts"
import * as RecordRow from "../RecordRow.ts"
import * as RoadText from "../RoadText.ts"

export interface WatchInput {
  readonly data: string
  readonly type: string | undefined
}

export const run = Effect.fnUntraced(function* (input: WatchInput) {
  const output = yield* Output
  const { direct, hub, mailboxes, roads } = yield* Connection.waysOf(input.data, true)
  const noted = { problem: "" }
  const tell = Effect.fnUntraced(function* (message: string) {
    // The same trouble again and again is told once.
    if (message !== noted.problem) yield* output.note(`${message} Trying again.`)
    noted.problem = message
  })
  const connection = Connection.follow({
    folder: input.data,
    hub,
    silenceMsMax: undefined,
    onHeadway: () => Effect.void,
    onFailure: ({ message }) => tell(message),
    onRoad: (news) => {
      if (news._tag === "RouteChanged") return output.note(RoadText.changed(news))
      const road = roads.find(({ mailbox }) => mailbox.address === news.route)
      return tell(RoadText.failed(road?.mailbox.name ?? "", news.route, news.detail))
    },
    onProof: () =>
      Effect.sync(() => {
        noted.problem = ""
        return false
      })
  })
  const known = Effect.raceFirst(RoadMemory.keep(input.data), connection)
  yield* Effect.raceFirst(printChanges(input.type), known).pipe(
    Effect.provide(Device.layerOnline(input.data, { hub, mailboxes, direct }))
  )
})

const printChanges = Effect.fnUntraced(function* (type: string | undefined) {
  const journal = yield* Journal.Journal
  yield* Stream.runForEach(journal.changes, ({ entities, source }) =>
    Effect.forEach(
      entities.filter((entity) => type === undefined || entity.type === type),
      (entity) => printChange(entity, source ?? null),
      { discard: true }
    )
  )
})

const printChange = Effect.fnUntraced(function* (entity: Journal.EntityRef, peer: string | null) {
  const output = yield* Output
  const { header, id, isDeleted, type } = entity
  const found = isDeleted
    ? undefined
    : yield* Journal.Journal.use((journal) => Records.theOne(journal, type, id, header))
  // Deleted meanwhile: its own change follows.
  if (!isDeleted && found === undefined) return
  const fields = found?.fields
  const change = isDeleted ? "delete" : "put"
  const document = { change, type, id, ...RecordRow.headerPart(header), peer, ...(isDeleted ? {} : { fields }) }
  yield* output.line(document, isDeleted ? `- ${RecordRow.name(entity)}` : `+ ${type} ${id} ${JSON.stringify(fields)}`)
})
