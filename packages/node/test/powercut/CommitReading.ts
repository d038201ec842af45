/**
 * What a commit's bytes say that must never be said twice: its name, and the hash of each of its events under the
 * event's author, entity and number. Everything is read with core's own readers.
 */
import { Commit, Event } from "@syncline/core"
import * as NodeCompression from "../../src/NodeCompression.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"

export interface CommitReading {
  /** Arrival number in the feed that it was read from. */
  readonly lseq: number
  readonly id: string
  readonly events: ReadonlyArray<readonly [key: string, hash: string]>
}

export const read = (lseq: number, bytes: Uint8Array): CommitReading => {
  const { functions: crypto } = NodeCrypto
  const packed = valid(Commit.open(bytes))
  const { authors, partition } = packed.header
  const opened = valid(Commit.openEvents(crypto, NodeCompression.functions, packed))
  const events = opened.events.map((encoded, index) => {
    const { entity, eseq } = valid(Event.decode(encoded, authors.length))
    const hash = Buffer.from(opened.leaves[index]!).toString("hex")
    return [`${authors[0]} ${partition.type} ${JSON.stringify(entity)} ${eseq}`, hash] as const
  })
  return { lseq, id: Commit.id(crypto, packed), events }
}

const valid = <A extends object>(read: A | string): A => {
  if (typeof read === "string") throw new Error(`a commit does not open: ${read}`)
  return read
}
