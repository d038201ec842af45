/**
 * When two devices have the same rights by a document, so that what is told of everybody is worked out once for all of
 * them. It goes by what the rules ask of a device; what they say to it is `PolicyCompiler`'s.
 */
import type { Partition } from "@syncline/core"
import type { PolicyDocument } from "./PolicyDocument.ts"
import type { PolicySubject } from "./PolicySubject.ts"

/** Every word of every header value: whoever is not among them is named by no record. */
export const namesIn = (sizes: Iterable<{ readonly partition: Partition.Partition }>): ReadonlySet<string> => {
  const names = new Set<string>()
  for (const { partition } of sizes) {
    for (const value of Object.values(partition.header)) {
      if (typeof value === "string") for (const name of value.split(" ")) names.add(name)
    }
  }
  return names
}

const ordering: ReadonlySet<string> = new Set(["lt", "lte", "gt", "gte"])

/** A text that is equal for devices of which the document, or the built-in roles, say the same of such partitions. */
export const keyOf = (
  document: PolicyDocument | undefined,
  { device, member, role, teams }: PolicySubject,
  named: ReadonlySet<string>
): string => {
  const rules = document?.rules ?? []
  const grants = rules.flatMap(({ to }, i) => [
    ...(to?.members?.includes(member) === true ? [`member ${i}`] : []),
    ...(device !== undefined && to?.devices?.includes(device) === true ? [`device ${i}`] : [])
  ])
  // A name is only equal to others; where it stands among them is another matter.
  const isOrdered = (variable: string): boolean =>
    rules.some(({ where = [] }) => where.some(({ op, value }) => value === variable && ordering.has(op)))
  const ids = [
    named.has(member) || isOrdered("$member") ? member : "",
    device !== undefined && (named.has(device) || isOrdered("$device")) ? device : ""
  ]
  return JSON.stringify([role, teams, grants, ids])
}
