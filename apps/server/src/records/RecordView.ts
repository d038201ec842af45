/** Records as they are told over REST. Which of them may be told, their reader has seen to. */
import type { Journal } from "@syncline/core"
import type { AdminRecords } from "@syncline/core/admin"

/** A record without its header's fields among the others. */
export const of = ({ fields, id, kinds, partition, type }: Journal.EntityView): typeof AdminRecords.Record.Type => {
  const { header } = partition
  const own = Object.entries(fields).filter(([field]) => !Object.hasOwn(header, field))
  return {
    type,
    id,
    header,
    fields: Object.fromEntries(own),
    ...(kinds === undefined ? {} : { kinds })
  }
}

/** Words about commits for the audit: the first of them names the others' transaction. */
export const commitsTold = (commits: ReadonlyArray<string>): string => {
  const [first] = commits
  if (first === undefined) return "nothing changed"
  return commits.length === 1 ? `commit ${first}` : `commit ${first} and ${commits.length - 1} more`
}

/** A record in words. */
export const named = ({ id, type }: { readonly type: string; readonly id: string }): string =>
  `${type} ${JSON.stringify(id)}`
