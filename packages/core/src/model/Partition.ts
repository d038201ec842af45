/**
 * A partition: one entity type with one set of header values in one space. Policy decides on partitions,
 * fingerprints add up per partition, and a commit lies in exactly one. An entity stays in the partition it was made
 * in. Holds no entities itself.
 */
import * as Bytes from "../identity/Bytes.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import * as FieldValue from "./FieldValue.ts"
import * as Limits from "./Limits.ts"

/** Values of the header fields by name; they stay readable for policy even where content is sealed. */
export type HeaderValues = { readonly [field: string]: string | number | boolean | null }

export interface Partition {
  readonly type: string
  readonly header: HeaderValues
}

/** Length of a partition's hash in bytes. */
export const partitionHashBytes = 16

/** What is wrong with header values, or `undefined`. */
export const headerProblem = (header: unknown): string | undefined => {
  if (typeof header !== "object" || header === null || Array.isArray(header)) return "header values must be a map"
  const entries = Object.entries(header)
  if (entries.length > Limits.headerFieldsMax) return `more than ${Limits.headerFieldsMax} header fields`
  for (const [name, value] of entries) {
    const wrong = FieldValue.nameProblem(name)
    if (wrong !== undefined) return wrong
    if (typeof value === "object" && value !== null) return `header field ${name} must be a single value`
    if (typeof value === "string" && Bytes.utf8(value).length > Limits.headerTextBytesMax) {
      return `header field ${name} has more than ${Limits.headerTextBytesMax} bytes`
    }
    const bad = FieldValue.problem(value)
    if (bad !== undefined) return bad
  }
  return undefined
}

/** True when both are the same partition. Cheaper than comparing keys. */
export const same = (a: Partition, b: Partition): boolean => {
  if (a.type !== b.type) return false
  let fields = 0
  for (const field in a.header) {
    if (a.header[field] !== b.header[field]) return false
    fields++
  }
  for (const _ in b.header) fields--
  return fields === 0
}

/** The text that two replicas agree on for one partition. */
export const key = ({ header, type }: Partition): string => {
  let only: string | undefined
  let fields = 0
  for (const field in header) {
    fields++
    only = field
  }
  // Most types have one header field or none, and this is asked for every commit.
  if (fields === 0) return `${type}\n{}`
  if (fields === 1) return `${type}\n{${JSON.stringify(only)}:${FieldValue.canonicalText(header[only!]!)}}`
  return `${type}\n${FieldValue.canonicalText(header)}`
}

/** First 16 bytes of SHA-256 over a domain tag, the space and the key. */
export const hash = (
  sha256: (bytes: Uint8Array) => Uint8Array,
  space: SpaceId.SpaceId,
  partition: Partition
): Uint8Array =>
  sha256(
    Bytes.concat(Bytes.utf8("syncline/partition/v1\n"), SpaceId.toBytes(space), Bytes.utf8(key(partition)))
  ).subarray(0, partitionHashBytes)
