/** Which columns a list of records has: where records lie, then what is in them. */
import { plainUpTo } from "../../elements/plainText.ts"

/** Columns beside the id; the rest stands in the record itself. */
export const columnsMax = 8

export interface RecordColumn {
  readonly field: string
  readonly isHeader: boolean
  readonly title: string
}

export const columnsOf = (
  header: ReadonlyArray<string>,
  fields: ReadonlyArray<string>
): ReadonlyArray<RecordColumn> => {
  const title = (name: string): string => plainUpTo(name, 30)
  return [
    ...header.map((field) => ({ field, isHeader: true, title: title(field) })),
    ...fields
      .filter((field) => !header.includes(field))
      .map((field) => ({ field, isHeader: false, title: title(field) }))
  ].slice(0, columnsMax)
}
