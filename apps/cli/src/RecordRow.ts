/**
 * A record as the command line shows it: one object with the id first and then the fields as they were written. A field
 * that undoing or restoring had to empty is left out where the device's schema tells that its null is no value.
 */
import { Entity, type Journal, type Partition } from "@syncline/core"
import { Effect } from "effect"
import * as DeviceFile from "./DeviceFile.ts"
import * as SchemaFile from "./SchemaFile.ts"

/** Records asked for at once. */
export const pageRows = 5_000

/** Places of a journal's order of records looked at at once, when it is asked for the past. */
export const pagePlaces = 1_000

/** The records of a page, each as one object. */
export type Show = (
  entities: ReadonlyArray<Journal.EntityView>
) => Effect.Effect<ReadonlyArray<Record<string, unknown>>>

/** Shows records of a folder; with their type in `$type` where several types come together. */
export const showing = Effect.fnUntraced(function* (data: string, isTypeShown = false) {
  // The schema is read when a null shows up; a record can be read without it.
  const schema = yield* Effect.cached(
    DeviceFile.read(data).pipe(
      Effect.flatMap((device) => SchemaFile.types(device?.schema)),
      Effect.orElseSucceed((): ReadonlyMap<string, Entity.EntityType> => new Map())
    )
  )
  const show: Show = (entities) =>
    entities.some(({ fields }) => Object.values(fields).includes(null))
      ? Effect.map(schema, (types) => entities.map((entity) => of(entity, types.get(entity.type), isTypeShown)))
      : Effect.succeed(entities.map((entity) => of(entity, undefined, isTypeShown)))
  return show
})

/** The header of a record in a result for programs, where its type has one. */
export const headerPart = (header: Partition.HeaderValues): { readonly header?: Partition.HeaderValues } =>
  Object.keys(header).length === 0 ? {} : { header }

/** Type, id and header of a record for people. */
export const name = ({ header, id, type }: Omit<Journal.EntityRef, "isDeleted">): string =>
  `${type} ${id}${Object.keys(header).length === 0 ? "" : ` ${JSON.stringify(header)}`}`

const of = (
  entity: Journal.EntityView,
  type: Entity.EntityType | undefined,
  isTypeShown: boolean
): Record<string, unknown> => ({
  ...(isTypeShown ? { $type: entity.type } : {}),
  id: entity.id,
  ...(type === undefined ? entity.fields : Entity.withoutEmptied(type, entity.fields))
})
