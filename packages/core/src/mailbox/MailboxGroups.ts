/**
 * Which readers share what is written into a mailbox: those who may see the same. A file is sealed for such a group as a
 * whole, so the policy holds where nobody enforces it: the others have no key. Who may see less than the rest of its group
 * leaves it, and takes along what was sealed for it before; who comes new reads from there on, and asks for what was before.
 */
import { Effect } from "effect"
import { readersMax } from "../crypto/FileSeal.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Group } from "./MailboxState.ts"
import { type MailboxWork, others } from "./MailboxWork.ts"

const emptyGroup: Omit<Group, "readers"> = {
  upto: { own: 0, relayed: 0 },
  streams: { own: [], relayed: [] },
  charter: { segments: [], lacked: "" },
  heads: [],
  said: ""
}

/** Readers of one group: a file is sealed for them and for the device that writes it. */
const groupReadersMax = readersMax - 1

/** A group and the partitions that its readers may see, by their places in the journal. */
export interface SeeingGroup {
  readonly group: Group
  readonly sees: ReadonlySet<number>
}

/** The groups as they are now: those of before without who left, and a new one for each view that no group has. */
export const present = Effect.fnUntraced(function* (work: MailboxWork) {
  const { rows } = yield* work.journal.partitions
  /** Readers by what they may see. */
  const views = new Map<string, { readonly sees: ReadonlySet<number>; readonly readers: Array<PeerId> }>()
  for (const peer of (yield* others(work)).values()) {
    const sees: Array<number> = []
    for (const { index, partition } of rows) {
      if ((yield* work.gate.canSend(partition, peer)).allowed) sees.push(index)
    }
    const key = sees.join(" ")
    const view = views.get(key) ?? { sees: new Set(sees), readers: [] }
    views.set(key, view)
    view.readers.push(peer)
  }
  const found: Array<SeeingGroup> = []
  const isPlaced = new Set<PeerId>()
  for (const group of work.state.groups) {
    for (const { readers, sees } of views.values()) {
      const stayed = group.readers.filter((peer) => readers.includes(peer) && !isPlaced.has(peer))
      if (stayed.length === 0) continue
      for (const peer of stayed) isPlaced.add(peer)
      found.push({ group: { ...group, readers: stayed }, sees })
    }
  }
  for (const { readers, sees } of views.values()) {
    const left = readers.filter((peer) => !isPlaced.has(peer))
    for (const peer of left) {
      const place = found.findIndex((one) => one.sees === sees && one.group.readers.length < groupReadersMax)
      if (place < 0) found.push({ group: { ...emptyGroup, readers: [peer] }, sees })
      else found[place] = { group: { ...found[place]!.group, readers: [...found[place]!.group.readers, peer] }, sees }
    }
  }
  return found
})
