/**
 * What the audit is told of somebody's work that counts: who wrote it, where, and by which rule. A permission like others:
 * it is worth an entry when it is given first.
 */
import * as Author from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as Partition from "../model/Partition.ts"
import type { Decision } from "./Decision.ts"
import type { AuditedAction, ForeignWrite } from "./Gate.ts"

/** The detail is the partition, and who brought it where that is another device than its author's. */
export const audited = (
  { author, from, partition }: Pick<ForeignWrite, "author" | "from" | "partition">,
  decision: Decision
): AuditedAction => {
  const peer: PeerId = Author.peer(author)
  const key = Partition.key(partition)
  return { action: "write", peer, decision, detail: peer === from ? key : `${key} from ${from}` }
}
