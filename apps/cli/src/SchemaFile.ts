/**
 * Entity types from a module of the application: everything it exports that `Entity.make` made. A type that the module
 * does not know is open: it takes any fields. The module runs with the rights of the command, as its author's code.
 */
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { Entity } from "@syncline/core"
import { Effect } from "effect"
import { because, type CliError, SchemaUnusable, UsageInvalid } from "./CliError.ts"

/** Gives the entity type of a name. */
export type TypeOf = (name: string) => Effect.Effect<Entity.EntityType, CliError>

/** The types of a file, or only open ones without a file. */
export const load = (file: string | undefined): Effect.Effect<TypeOf, CliError> => Effect.map(types(file), typesOf)

/** The types of a file by their names; none without a file. */
export const types = (file: string | undefined): Effect.Effect<ReadonlyMap<string, Entity.EntityType>, CliError> =>
  file === undefined ? Effect.succeed(new Map()) : loadFile(file)

const typesOf =
  (known: ReadonlyMap<string, Entity.EntityType>): TypeOf =>
  (name) => {
    const type = known.get(name)
    return type === undefined ? open(name) : Effect.succeed(type)
  }

const open = (name: string): Effect.Effect<Entity.EntityType, CliError> =>
  Effect.try({
    try: () => Entity.open(name),
    catch: (error) => because(new UsageInvalid({ problem: error instanceof Error ? error.message : String(error) }))
  })

const loadFile = Effect.fnUntraced(function* (file: string) {
  const path = resolve(file)
  const unusable = (problem: string) => because(new SchemaUnusable({ file, problem }))
  const loaded: unknown = yield* Effect.tryPromise({
    try: () => import(pathToFileURL(path).href),
    catch: (error) => unusable(error instanceof Error ? error.message.split("\n")[0]! : String(error))
  })
  const found = new Map<string, Entity.EntityType>()
  for (const value of Object.values(loaded as object)) if (isEntityType(value)) found.set(value.name, value)
  if (found.size === 0) return yield* unusable("it exports no entity type; export what Entity.make(...) returns")
  return found
})

/** By shape, because the module may have loaded another copy of the engine. */
const isEntityType = (value: unknown): value is Entity.EntityType => {
  if (typeof value !== "object" || value === null) return false
  const { fields, header, name } = value as Partial<Entity.EntityType>
  return typeof name === "string" && typeof fields === "object" && fields !== null && Array.isArray(header)
}
