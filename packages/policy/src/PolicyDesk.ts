/**
 * What people ask of a policy and do to it: why something is allowed, what a draft would change on real data, putting a
 * document in force and going back to an earlier one. The command line, the hub's interface and programs use this one; it
 * decides nothing itself and writes nothing but the charter.
 */
import {
  Bytes,
  type Charter,
  type CharterError,
  CharterState,
  type Journal,
  type JournalError,
  Partition,
  PeerId
} from "@syncline/core"
import { Effect } from "effect"
import { EnterpriseDecisions } from "./EnterpriseDecisions.ts"
import * as Explanation from "./Explanation.ts"
import type { PartitionSize } from "./PartitionGroups.ts"
import type { Action } from "./PolicyDocument.ts"
import * as PolicyDraft from "./PolicyDraft.ts"
import {
  AskerUnknown,
  PolicyDeskError,
  PolicyRefused,
  RecordAmbiguous,
  RecordUnknown,
  VersionWithoutPolicy
} from "./PolicyDeskError.ts"
import * as PolicyReview from "./PolicyReview.ts"
import type { HeaderValues } from "./PolicySubject.ts"

/** What may be known of a charter without writing it. */
export type CharterReads = Pick<Charter.CharterShape, "state" | "stateAt">

/** The same, with what tells it from every other. */
export type CharterCompared = CharterReads & Pick<Charter.CharterShape, "digest">

/** The records that answers are about. */
export interface DeskRecords {
  /** Partitions that have live records, and how many. */
  readonly partitions: Effect.Effect<ReadonlyArray<PartitionSize>, JournalError.JournalError>
  /** Where live records of an id are: more than one where devices made it with different header values. */
  readonly partitionsOf: (
    type: string,
    id: string
  ) => Effect.Effect<ReadonlyArray<Partition.Partition>, JournalError.JournalError>
}

/** The desk's records where there is a journal. */
export const recordsOf = (journal: Pick<Journal.JournalShape, "liveCounts" | "liveOf">): DeskRecords => ({
  partitions: Effect.map(journal.liveCounts, (counts) =>
    counts.flatMap(({ count, partition }) => (count === 0 ? [] : [{ partition, records: count }]))
  ),
  partitionsOf: (type, id) => Effect.map(journal.liveOf(type, id), (live) => live.map(({ partition }) => partition))
})

/** Whom a charter knows, for people and programs. */
export const summary = (charter: CharterCompared) => {
  const state = charter.state()
  return {
    name: state.name,
    version: state.version,
    digest: Bytes.toHex(charter.digest()),
    hub: state.hub ?? null,
    members: [...state.members.values()],
    removedMembers: [...state.removedMembers.keys()],
    devices: [...state.devices.values()],
    roles: [...state.roles.values()],
    teams: [...state.teams.values()],
    deviceLimit: state.deviceLimit,
    deviceLimits: Object.fromEntries(state.deviceLimits),
    policyVersion: state.policy?.version ?? null,
    closed: new EnterpriseDecisions(state).closed ?? null,
    seal: sealOf(state)
  }
}

/** How the contents of the space are sealed; `null` where they are not. */
export const sealOf = ({ seal }: CharterState.CharterState) =>
  seal === undefined ? null : { showsHistory: seal.showsHistory, periodDays: seal.periodDays, keys: seal.keys.length }

/** Why may somebody do something, or why not? */
export interface Question {
  /** A device's peer id, or a member's id: then it is asked what any of its devices may, or it itself where it has none. */
  readonly asker: string
  readonly action: Action
  readonly type: string
  /** A record of the type; without it the header says where, and without that a record without header values. */
  readonly id?: string | undefined
  readonly header?: HeaderValues | undefined
  /** One field, for writing. */
  readonly field?: string | undefined
  /** As if this document were in force. */
  readonly draft?: string | undefined
}

/** A version of the charter that changed the policy in force. */
export interface PolicyVersion {
  readonly version: number
  /** `null` where the built-in roles decide again. */
  readonly text: string | null
}

type DeskEffect<A> = Effect.Effect<A, PolicyDeskError | JournalError.JournalError>

const refuse = (reason: PolicyDeskError["reason"]): Effect.Effect<never, PolicyDeskError> =>
  Effect.fail(new PolicyDeskError({ reason }))

/** The decision with its reasons, in words. */
export const explain = (
  charter: CharterReads,
  records: DeskRecords,
  question: Question
): DeskEffect<Explanation.Explanation> =>
  Effect.gen(function* () {
    const { draft } = question
    if (draft !== undefined) yield* checked(draft)
    const state = drafted(charter.state(), draft)
    const { action, asker, field } = question
    const peers = devicesOf(state, asker)
    if (peers.length === 0 && !state.members.has(asker)) return yield* refuse(new AskerUnknown({ asker }))
    const asked = { action, partition: yield* partitionOf(records, question), field }
    const decisions = new EnterpriseDecisions(state)
    return peers.length === 0
      ? Explanation.withoutDevice(decisions, asker, asked)!
      : Explanation.ofMember(decisions, peers, asked)
  })

/** Where the record is that is asked about; of several with its id the one whose header is named. */
const partitionOf = Effect.fnUntraced(function* (records: DeskRecords, { header, id, type }: Question) {
  if (id === undefined) return { type, header: header ?? {} }
  const partitions = yield* records.partitionsOf(type, id)
  const found = header === undefined ? partitions : partitions.filter((one) => Partition.same(one, { type, header }))
  if (found.length > 1) {
    return yield* refuse(new RecordAmbiguous({ type, id, headers: found.map((one) => one.header) }))
  }
  return found[0] ?? (yield* refuse(new RecordUnknown({ type, id })))
})

const devicesOf = (state: CharterState.CharterState, asker: string): ReadonlyArray<PeerId.PeerId> =>
  PeerId.is(asker) && (state.devices.has(asker) || state.hub === asker)
    ? [asker]
    : CharterState.devicesOf(state, asker).map(({ peer }) => peer)

/** What is wrong with a draft, its own tests among it; nothing for one that could be put in force. */
export const problems = (text: string): ReadonlyArray<string> => PolicyDraft.problems(text)

/** Whom a draft names that the charter does not have; it would not be put in force. */
export const warnings = (charter: CharterReads, text: string): ReadonlyArray<string> =>
  PolicyDraft.unknownNames(text, charter.state())

/** What every device could do with the records that are there if the draft were in force; as it is now without one. */
export const simulate = (
  charter: CharterReads,
  records: DeskRecords,
  text: string | undefined
): DeskEffect<ReadonlyArray<PolicyReview.Reach>> =>
  Effect.gen(function* () {
    if (text !== undefined) yield* checked(text)
    return yield* PolicyReview.reach(drafted(charter.state(), text), yield* records.partitions)
  })

/** A state as it would be with the draft. */
const drafted = (state: CharterState.CharterState, text: string | undefined): CharterState.CharterState => {
  const version = state.version + 1
  return text === undefined ? state : { ...state, version, policy: { text, version } }
}

/** Who would gain and lose what if the draft were in force. */
export const diff = (
  charter: CharterReads,
  records: DeskRecords,
  text: string
): DeskEffect<ReadonlyArray<PolicyReview.Impact>> =>
  Effect.gen(function* () {
    yield* checked(text)
    const state = charter.state()
    return yield* PolicyReview.diff(state, drafted(state, text), yield* records.partitions)
  })

/** What a draft would change, and what whoever reads that should know. */
export interface Comparison {
  /** That of the charter that the draft was compared with. */
  readonly version: number
  /** That of the same, 32 hexadecimal digits: the version alone may come to mean another charter where no hub orders it. */
  readonly digest: string
  readonly impacts: ReadonlyArray<PolicyReview.Impact>
  readonly warnings: ReadonlyArray<string>
}

/** The same, with the version to expect and whom the draft names that the charter does not have. */
export const compare = (charter: CharterCompared, records: DeskRecords, text: string): DeskEffect<Comparison> =>
  Effect.suspend(() => {
    const { version } = charter.state()
    const digest = Bytes.toHex(charter.digest())
    return Effect.map(diff(charter, records, text), (impacts) => ({
      version,
      digest,
      impacts,
      warnings: warnings(charter, text)
    }))
  })

const checked = (text: string): Effect.Effect<void, PolicyDeskError> => good(problems(text))

const good = (found: ReadonlyArray<string>): Effect.Effect<void, PolicyDeskError> =>
  found.length === 0 ? Effect.void : refuse(new PolicyRefused({ problems: [...found] }))

/** Puts a document in force, or fails and changes nothing. It names nobody whom the charter does not have. */
export const apply = (
  charter: Charter.CharterShape,
  text: string,
  wording: Charter.Wording = {}
): Effect.Effect<CharterState.CharterState, PolicyDeskError | CharterError.CharterError> =>
  Effect.suspend(() => good(PolicyDraft.problemsIn(text, charter.state()))).pipe(
    Effect.andThen(charter.write([{ _tag: "SetPolicy", text }], wording))
  )

/**
 * Puts the document in force again that was in force at a version of the charter, as it is; the built-in roles where there
 * was none. Where no hub orders the charter, whoever has looked at its versions gives the digest of what was looked at.
 */
export const rollBack = (
  charter: Charter.CharterShape,
  version: number,
  wording: Charter.Wording = {}
): Effect.Effect<CharterState.CharterState, PolicyDeskError | CharterError.CharterError> =>
  Effect.suspend((): ReturnType<typeof apply> => {
    const then = version < 0 ? undefined : charter.stateAt(version)
    const { policy } = charter.state()
    if (then === undefined || (then.policy === undefined && policy === undefined)) {
      return refuse(new VersionWithoutPolicy({ version }))
    }
    if (then.policy === undefined) {
      return charter.write([{ _tag: "RemovePolicy" }], { note: "back to the built-in roles", ...wording })
    }
    const note = `back to the policy of version ${then.policy.version}`
    return charter.write([{ _tag: "SetPolicy", text: then.policy.text }], { note, ...wording })
  })

/** What was put in force, documents and the built-in roles again, the newest first, at most `limit`. */
export const versions = (charter: CharterReads, limit: number): ReadonlyArray<PolicyVersion> => {
  const found: Array<PolicyVersion> = []
  let state: CharterState.CharterState | undefined = charter.state()
  while (state !== undefined && state.policySince > 0 && found.length < limit) {
    found.push({ version: state.policySince, text: state.policy?.text ?? null })
    state = charter.stateAt(state.policySince - 1)
  }
  return found
}
