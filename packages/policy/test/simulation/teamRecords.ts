/** What the nodes of a simulated team hold, read from their rows, and whether that is what each may have. */
import { type CharterState, Commit, Partition } from "@syncline/core"
import { may } from "../referenceTeam.ts"
import type { TeamNode } from "./teamCluster.ts"

/** A record as one node has it. */
interface Held {
  readonly partition: Partition.Partition
  readonly version: string
}

/** Live and deleted records by partition and id, with their versions. */
export const recordsOf = ({ node }: TeamNode): ReadonlyMap<string, Held> => {
  const found = new Map<string, Held>()
  for (const row of node.tables.partitions()) {
    for (const entity of node.tables.entitiesInRange(row.index, 0, 2 ** 52 - 1, 100_000)) {
      const version = Buffer.from(entity.version).toString("hex")
      found.set(`${Partition.key(row.partition)} ${entity.id}`, { partition: row.partition, version })
    }
  }
  return found
}

/** Where a device has something else than what it may read of what a custodian has. */
export const heldWrong = (
  member: TeamNode,
  state: CharterState.CharterState,
  atCustodian: ReturnType<typeof recordsOf>
): ReadonlyArray<string> => {
  const here = recordsOf(member)
  const { peer } = member.node
  const wrong: Array<string> = []
  for (const [name, { partition: where, version }] of atCustodian) {
    const mayHave = may(state, peer, "read", where)
    if (mayHave && here.get(name)?.version !== version) wrong.push(`${member.member} differs in ${name}`)
    if (!mayHave && here.has(name)) wrong.push(`${member.member} has ${name}`)
  }
  for (const name of here.keys()) if (!atCustodian.has(name)) wrong.push(`${member.member} alone has ${name}`)
  return wrong
}

/** The commits in a node's journal, by id. */
export const commitsOf = ({ node }: TeamNode): ReadonlyMap<string, Commit.CommitHeader> => {
  const found = new Map<string, Commit.CommitHeader>()
  for (let lseq = 1; lseq <= node.tables.head(); lseq++) {
    const row = node.tables.commitAt(lseq)!
    const packed = row.events === 0 ? "gone" : Commit.open(row.bytes)
    if (typeof packed !== "string") found.set(Commit.id(node.options.crypto, packed), packed.header)
  }
  return found
}

/** Ids of the commits that wait in a node's quarantine. */
const quarantinedOf = ({ node }: TeamNode): ReadonlyArray<string> =>
  node.tables.quarantine(0, 10_000).map(({ id }) => id)

/** What was confirmed to a member is at the custodians, or waits at the member. */
export const lost = (member: TeamNode, custodian: TeamNode): ReadonlyArray<string> => {
  const known = new Set([...commitsOf(custodian).keys(), ...quarantinedOf(member)])
  return [...member.written].flatMap(([commit, text]) =>
    known.has(commit) ? [] : [`lost: ${text} of ${member.member}`]
  )
}
