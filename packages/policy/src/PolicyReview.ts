/**
 * What a change of charter or policy would mean on real data, before it is made: which devices would gain and lose which
 * records, by count, with samples and the rules behind them. It decides nothing new; it asks both states the same, once
 * for all devices with the same rights and all partitions that are alike, and lets others work in between.
 */
import type { CharterState, Decision, PeerId } from "@syncline/core"
import { Effect } from "effect"
import { EnterpriseDecisions } from "./EnterpriseDecisions.ts"
import * as EqualRights from "./EqualRights.ts"
import * as PartitionGroups from "./PartitionGroups.ts"
import type { PartitionGroup, PartitionSize } from "./PartitionGroups.ts"
import { type Action, actions } from "./PolicyDocument.ts"

/** Samples that are shown of what one device gains or loses. */
export const samplesMax = 10

/** Decisions between two turns for others: a few milliseconds of work, with the longest policies some 10. */
const decisionsAtOnceMax = 256

/** A partition of which an answer turns. */
export interface Turned extends PartitionSize {
  readonly before: Decision.Decision
  readonly after: Decision.Decision
}

/** An action, on records as a whole or, with a field of a type, what it may write there. */
export interface Deed {
  readonly action: Action
  /** Both or none, with create and update, and only where the answer is not that of the action as a whole. */
  readonly type?: string
  /** A field that rules name; "" for all others. */
  readonly field?: string
}

/** What turns for one device and deed in one direction; of a field that does not turn where the whole action does, nothing. */
export interface Impact extends Deed {
  readonly peer: PeerId.PeerId
  readonly direction: "gains" | "loses"
  readonly partitions: number
  readonly records: number
  /** The largest, at most 10. */
  readonly samples: ReadonlyArray<Turned>
}

/** On how much of what is there one device could do it. */
export interface Reach extends Deed {
  readonly peer: PeerId.PeerId
  readonly partitions: number
  readonly records: number
}

/** What every device could do in a state, action by action; an action with nothing to do it to has zeros. */
export const reach = Effect.fnUntraced(function* (
  state: CharterState.CharterState,
  sizes: ReadonlyArray<PartitionSize>
) {
  const decisions = new EnterpriseDecisions(state)
  const groups = yield* PartitionGroups.of(sizes, [decisions.partitionKeys()], 0)
  const named = EqualRights.namesIn(groups)
  const turns = new Turns()
  const known = new Map<string, ReadonlyArray<Omit<Reach, "peer">>>()
  const found: Array<Reach> = []
  for (const peer of state.devices.keys()) {
    const key = decisions.likeness(peer, named)
    const open = known.get(key) ?? (yield* openTo(decisions, peer, groups, turns))
    known.set(key, open)
    for (const each of open) found.push({ peer, ...each })
  }
  return found as ReadonlyArray<Reach>
})

const openTo = Effect.fnUntraced(function* (
  decisions: EnterpriseDecisions,
  peer: PeerId.PeerId,
  groups: ReadonlyArray<PartitionGroup>,
  turns: Turns
) {
  const wholes = new Map(actions.map((action) => [action, new Tally({ action })]))
  const ofFields = new Map<string, { readonly whole: Tally; readonly fields: ReadonlyArray<Tally> }>()
  for (const group of groups) {
    const { partition } = group
    const may = decisions.allowing(peer, partition)
    for (const action of actions) if (may(action)) wholes.get(action)!.add(group)
    if (turns.isOver(actions.length)) yield* Effect.yieldNow
    const { type } = partition
    const fields = decisions.fieldsOf(type)
    for (const action of fields.length === 0 ? [] : fieldActions) {
      const key = `${action} ${type}`
      const tallies = ofFields.get(key) ?? {
        whole: new Tally({ action }),
        fields: fields.map((field) => new Tally({ action, type, field }))
      }
      ofFields.set(key, tallies)
      if (!may(action)) continue
      tallies.whole.add(group)
      for (const tally of tallies.fields) if (may(action, tally.deed.field)) tally.add(group)
      if (turns.isOver(fields.length)) yield* Effect.yieldNow
    }
  }
  const differing = [...ofFields.values()].flatMap(({ fields, whole }) =>
    fields.filter(({ partitions }) => partitions !== whole.partitions)
  )
  return [...wholes.values(), ...differing].map(({ deed, partitions, records }) => ({ ...deed, partitions, records }))
})

/** Everything that turns between two states, for all devices of either; nothing when they mean the same. */
export const diff = Effect.fnUntraced(function* (
  before: CharterState.CharterState,
  after: CharterState.CharterState,
  sizes: ReadonlyArray<PartitionSize>
) {
  const both = { old: new EnterpriseDecisions(before), fresh: new EnterpriseDecisions(after) }
  const keys = [both.old.partitionKeys(), both.fresh.partitionKeys()]
  const groups = yield* PartitionGroups.of(sizes, keys, samplesMax)
  const named = EqualRights.namesIn(groups)
  const turns = new Turns()
  const known = new Map<string, ReadonlyArray<Turning>>()
  const impacts: Array<Impact> = []
  for (const peer of new Set([...before.devices.keys(), ...after.devices.keys()])) {
    const key = `${both.old.likeness(peer, named)}\n${both.fresh.likeness(peer, named)}`
    const turning = known.get(key) ?? (yield* turningFor(both, peer, groups, turns))
    known.set(key, turning)
    for (const each of turning) {
      impacts.push(impactOf(both, peer, each))
      if (turns.isOver(2 * samplesMax)) yield* Effect.yieldNow
    }
  }
  return impacts as ReadonlyArray<Impact>
})

interface Both {
  readonly old: EnterpriseDecisions
  readonly fresh: EnterpriseDecisions
}

/** What turns for all devices with the same rights. */
interface Turning {
  readonly tally: Tally
  readonly direction: Impact["direction"]
  readonly largest: ReadonlyArray<PartitionSize>
}

const turningFor = Effect.fnUntraced(function* (
  { fresh, old }: Both,
  peer: PeerId.PeerId,
  groups: ReadonlyArray<PartitionGroup>,
  turns: Turns
) {
  const found = new Found()
  for (const group of groups) {
    const { partition } = group
    const { type } = partition
    const [was, is] = [old.allowing(peer, partition), fresh.allowing(peer, partition)]
    const fields = [...new Set([...old.fieldsOf(type), ...fresh.fieldsOf(type)])]
    for (const action of actions) {
      const [could, can] = [was(action), is(action)]
      const whole = directionOf(could, can)
      if (whole !== undefined) found.add({ action }, whole, group)
      // Where the whole action is denied, so is every field of it; where it is allowed some may be denied.
      if ((!could && !can) || !fieldActions.includes(action)) continue
      for (const field of fields) {
        const own = directionOf(could && was(action, field), can && is(action, field))
        const deed = { action, type, field }
        if (own !== undefined) found.add(deed, own, group)
        if (own !== whole) found.tell(deed, [own, whole])
      }
      if (turns.isOver(2 * fields.length)) yield* Effect.yieldNow
    }
    if (turns.isOver(2 * actions.length)) yield* Effect.yieldNow
  }
  return found.told.toSorted((a, b) => placeOf(a) - placeOf(b)).map(turningOf)
})

const directionOf = (could: boolean, can: boolean): Impact["direction"] | undefined => {
  if (could === can) return undefined
  return can ? "gains" : "loses"
}

/** One deed in one direction, and where it turns. */
interface Turn {
  readonly deed: Deed
  readonly direction: Impact["direction"]
  readonly turned: Groups
  /** A field that turns wherever the whole action does, and nowhere else, says nothing of its own. */
  isTold: boolean
}

class Found {
  readonly #turns = new Map<string, Turn>()

  add(deed: Deed, direction: Impact["direction"], group: PartitionGroup): void {
    this.#of(deed, direction).turned.push(group)
  }

  /** The field turns somewhere in another way than the whole action. */
  tell(deed: Deed, directions: ReadonlyArray<Impact["direction"] | undefined>): void {
    for (const direction of directions) if (direction !== undefined) this.#of(deed, direction).isTold = true
  }

  get told(): ReadonlyArray<Turn> {
    return [...this.#turns.values()].filter(({ isTold }) => isTold)
  }

  #of(deed: Deed, direction: Impact["direction"]): Turn {
    const key = JSON.stringify([deed.action, deed.type, deed.field, direction])
    const known = this.#turns.get(key) ?? { deed, direction, turned: [], isTold: deed.field === undefined }
    this.#turns.set(key, known)
    return known
  }
}

type Groups = Array<PartitionGroup>

/** Action by action; of each first what is gained, then what is lost, on the whole and then of fields. */
const placeOf = ({ deed, direction }: Turn): number =>
  4 * actions.indexOf(deed.action) + (deed.field === undefined ? 0 : 2) + (direction === "gains" ? 0 : 1)

const turningOf = ({ deed, direction, turned }: Turn): Turning => {
  const tally = new Tally(deed)
  for (const group of turned) tally.add(group)
  return { tally, direction, largest: PartitionGroups.largestOf(turned, samplesMax) }
}

/** The same for one of them: who is named in the reasons is its own. */
const impactOf = ({ fresh, old }: Both, peer: PeerId.PeerId, { direction, largest, tally }: Turning): Impact => {
  const { deed, partitions, records } = tally
  const samples = largest.map((size): Turned => ({
    ...size,
    before: old.may(peer, deed.action, size.partition, deed.field),
    after: fresh.may(peer, deed.action, size.partition, deed.field)
  }))
  return { peer, ...deed, direction, partitions, records, samples }
}

const fieldActions: ReadonlyArray<Action> = ["create", "update"]

/** How much of what is there something holds for. */
class Tally {
  readonly deed: Deed
  partitions = 0
  records = 0

  constructor(deed: Deed) {
    this.deed = deed
  }

  add({ partitions, records }: PartitionGroup): void {
    this.partitions += partitions
    this.records += records
  }
}

/** Counts decisions, and says when others should have a turn. */
class Turns {
  #asked = 0

  isOver(asked: number): boolean {
    this.#asked += asked
    if (this.#asked < decisionsAtOnceMax) return false
    this.#asked = 0
    return true
  }
}
