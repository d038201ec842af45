/** All records of the space as a file, and such a file into an empty hub. For who has the whole space. */
import { AdminExchange } from "@syncline/core/admin"
import type { NodeServices } from "@syncline/node"
import { ExchangeError, SpaceExchange } from "@syncline/node/hub"
import { Effect, Queue, Stream } from "effect"
import { Readable } from "node:stream"
import * as peopleProblems from "../people/peopleProblems.ts"
import * as Reader from "../records/Reader.ts"
import * as recordProblems from "../records/recordProblems.ts"
import { type AnyEndpoint, endpoint, type ProblemStatus } from "../rest/Endpoint.ts"
import type { FileAnswer } from "../rest/FileAnswer.ts"
import type { Principal } from "../rest/Principal.ts"
import { because, type ImportError, WholeSpaceNeeded } from "./ImportError.ts"
import { Imports } from "./Imports.ts"

type Statuses<E extends { readonly reason: { readonly _tag: string } }> = {
  readonly [Reason in E["reason"]["_tag"]]: ProblemStatus
}

const exchange: Statuses<ExchangeError.ExchangeError | ImportError> = {
  ExportForeign: 409,
  ExportMalformed: 422,
  ExportUnreadable: 503,
  ImportDiffers: 409,
  ImportTooLarge: 413,
  ImportUnderWay: 409,
  ImportUnkept: 503,
  SpaceNotEmpty: 409,
  SpaceUnread: 409,
  WholeSpaceNeeded: 403
}

const common = { tag: "exchange", problems: { ...recordProblems.all, ...peopleProblems.store, ...exchange } } as const

const mediaType = "application/x-ndjson"
/** Pages that are read ahead of who takes them. */
const pagesAheadMax = 2
/** Taking in two gigabytes takes minutes. */
const importMsMax = 60 * 60_000

const whole = Effect.fnUntraced(function* (principal: Principal | undefined) {
  const { isAll } = yield* Reader.of(principal)
  if (!isAll) return yield* because(new WholeSpaceNeeded())
})

export const exchangeEndpoints: ReadonlyArray<AnyEndpoint<NodeServices | Imports>> = [
  endpoint({
    ...common,
    id: "space.export",
    method: "GET",
    path: "/export",
    summary:
      "Every record of the space in an open format: lines of JSON, from one that says which space it is to one with what all come to.",
    access: { kind: "scope", scope: "operate:read", isFresh: true },
    answer: "file",
    run: Effect.fnUntraced(function* ({ principal }) {
      yield* whole(principal)
      // Told before anything is sent.
      yield* SpaceExchange.readable
      const services = yield* Effect.context<NodeServices>()
      const file: FileAnswer = {
        mediaType: `${mediaType}; charset=utf-8`,
        fileName: "space.ndjson",
        text: Stream.callback<string>(
          (queue) =>
            SpaceExchange.write((rows) =>
              Queue.offer(queue, rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
            ).pipe(Effect.provide(services), Effect.orDie, Effect.andThen(Queue.end(queue))),
          { bufferSize: pagesAheadMax }
        )
      }
      return file
    })
  }),
  endpoint({
    ...common,
    id: "space.import",
    method: "POST",
    path: "/import",
    summary:
      "Takes such a file into a hub that holds nothing yet. It is checked as a whole before anything is written.",
    access: { kind: "scope", scope: "operate:write", isFresh: true },
    takes: mediaType,
    answer: AdminExchange.Imported,
    answerMsMax: importMsMax,
    audit: (_, { records, stateHash }) => `imported ${records} records with the state hash ${stateHash}`,
    run: Effect.fnUntraced(function* ({ file = Readable.from([]), principal }) {
      yield* whole(principal)
      return yield* (yield* Imports).takeIn(file)
    })
  })
]
