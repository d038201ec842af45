/**
 * What a node's data folder holds, read beside the running node: every commit, and every event number with the event it
 * stands for. Drills compare folders by it, because equal records alone do not show that nothing was counted twice.
 */
import { Bytes, Commit, Event, PeerId, type Quarantine } from "@syncline/core"
import { NodeCompression, NodeCrypto, SqliteJournal } from "@syncline/node"
import { Effect } from "effect"

export interface Contents {
  readonly incarnation: string
  /** Ids of all commits, withdrawn ones left out. */
  readonly commits: ReadonlySet<string>
  /** Author, entity and number of every event, and the event's hash; the hashes of all where a number was used twice. */
  readonly numbers: ReadonlyMap<string, ReadonlySet<string>>
  /** Commits in quarantine, by reason. */
  readonly waiting: Quarantine.QuarantineCounts
}

const pageBytes = 1024 * 1024

export const contentsOf = (folder: string): Promise<Contents> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* SqliteJournal.openReadOnly({ folder })
        const commits = new Set<string>()
        const numbers = new Map<string, Set<string>>()
        const waiting = yield* journal.quarantineCounts
        for (let after = 0; ;) {
          // Nobody has this id, so nobody's commits are left out.
          const page = yield* journal.feed(after, nobody, pageBytes)
          for (const { bytes } of page.commits) note(bytes, commits, numbers)
          if (page.isEnd) return { incarnation: journal.info.incarnation, commits, numbers, waiting }
          after = page.upto
        }
      })
    )
  )

const nobody = PeerId.fromPublicKey(new Uint8Array(PeerId.publicKeyBytes))

const note = (bytes: Uint8Array, commits: Set<string>, numbers: Map<string, Set<string>>): void => {
  const { functions: crypto } = NodeCrypto
  const packed = Commit.open(bytes)
  if (typeof packed === "string") throw new Error(packed)
  const opened = Commit.openEvents(crypto, NodeCompression.functions, packed)
  if (typeof opened === "string") throw new Error(opened)
  const { authors, partition } = packed.header
  commits.add(Commit.id(crypto, packed))
  for (const [index, eventBytes] of opened.events.entries()) {
    const event = Event.decode(eventBytes, authors.length)
    if (typeof event === "string") throw new Error(event)
    const number = `${authors[0]} ${partition.type} ${event.entity} ${event.eseq}`
    numbers.set(number, (numbers.get(number) ?? new Set<string>()).add(Bytes.toHex(opened.leaves[index]!)))
  }
}

/** All commits that any of the folders holds. */
export const union = (folders: ReadonlyArray<Contents>): ReadonlySet<string> =>
  new Set(folders.flatMap(({ commits }) => [...commits]))

/** Numbers that stand for different events, in one folder or in several. */
export const numbersReused = (folders: ReadonlyArray<Contents>): ReadonlyArray<string> => {
  const known = new Map<string, Set<string>>()
  for (const { numbers } of folders) {
    for (const [number, hashes] of numbers) {
      const all = known.get(number) ?? new Set<string>()
      for (const hash of hashes) all.add(hash)
      known.set(number, all)
    }
  }
  return [...known].filter(([, { size }]) => size > 1).map(([number]) => number)
}
