/**
 * Questions about entities as SQL on the JSON of their rows. Field names reach SQL only as bound JSON paths and values
 * only as bound parameters. The answers are those of core's `EntityRead.queryInMemory`.
 */
import { EntityRead, type Journal } from "@syncline/core"
import type Database from "better-sqlite3"
import { entityRow, type SqliteRows } from "./SqliteRows.ts"

type Value = Journal.EntityQuery["where"][string]
type Parameter = string | number
type Columns = Parameters<typeof entityRow>[0]

/** Shapes of questions whose statements are kept; when it is full the cache starts over. */
export const cachedStatementsMax = 64

export class SqliteQuery {
  readonly #db: Database.Database
  readonly #rows: SqliteRows
  readonly #statements = new Map<string, Database.Statement>()

  constructor(db: Database.Database, rows: SqliteRows) {
    this.#db = db
    this.#rows = rows
  }

  /** Statements that are kept now. */
  cachedStatements(): number {
    return this.#statements.size
  }

  run(query: Journal.EntityQuery): ReadonlyArray<Journal.EntityView> {
    const parts = this.#rows
      .partitions()
      .filter(({ partition }) => partition.type === query.type && query.sees?.(partition) !== false)
      .map((row) => row.index)
    if (parts.length === 0) return []
    // As one JSON text, so that the number of partitions does not make another statement.
    const parameters: Array<Parameter> = [JSON.stringify(parts)]
    let sql = `SELECT part, key, id, version, lseq, is_deleted, state, value FROM entities
      WHERE part IN (SELECT value FROM json_each(?)) AND is_deleted = 0`
    if (query.fromId !== undefined) {
      sql += " AND id >= ?"
      parameters.push(query.fromId)
    }
    for (const [field, value] of Object.entries(query.where)) sql += ` AND ${condition(path(field), value, parameters)}`
    sql += " ORDER BY "
    if (query.orderBy !== undefined) {
      sql += `json_extract(entities.value, ?) ${query.orderBy.isDescending ? "DESC" : "ASC"}, `
      parameters.push(path(query.orderBy.field))
    }
    sql += "id, part LIMIT ? OFFSET ?"
    parameters.push(query.limit, query.offset)
    const statement = this.#prepare(sql)
    const found = (
      query.lengthMax === undefined ? statement.all(...parameters) : upToLength(statement, parameters, query.lengthMax)
    ) as ReadonlyArray<Columns>
    return found.map((columns) => EntityRead.view(this.#rows.partitionAt(columns[0]), entityRow(columns)))
  }

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      if (this.#statements.size >= cachedStatementsMax) this.#statements.clear()
      statement = this.#db.prepare(sql).raw()
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/** No more of them is read into memory than that. */
const upToLength = (statement: Database.Statement, parameters: ReadonlyArray<Parameter>, lengthMax: number) => {
  const found: Array<Columns> = []
  let length = 0
  for (const columns of statement.iterate(...parameters) as IterableIterator<Columns>) {
    found.push(columns)
    length += columns[7].length
    if (length > lengthMax) break
  }
  return found
}

/** A quoted label, in which SQLite understands the escapes of JSON. */
const path = (field: string): string => `$.${JSON.stringify(field)}`

/** Values are told apart by type, as JSON does: `json_extract` alone shows `true` as 1 and a list as a text. */
const condition = (field: string, value: Value, parameters: Array<Parameter>): string => {
  parameters.push(field)
  if (value === null) return "json_extract(entities.value, ?) IS NULL"
  if (typeof value === "boolean") return `json_type(entities.value, ?) = '${value ? "true" : "false"}'`
  parameters.push(field, value)
  const types = typeof value === "string" ? "('text')" : "('integer', 'real')"
  return `json_type(entities.value, ?) IN ${types} AND json_extract(entities.value, ?) = ?`
}
