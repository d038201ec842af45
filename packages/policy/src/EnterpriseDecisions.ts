/**
 * What a charter and its policy document say about a device and a partition, in words. Pure: one object for one state of
 * the charter, which remembers what it was asked. Owners and the hub are above the document: they read everything, so
 * that what they have is safe, and a document cannot lock the space. Without a document the built-in roles say it all. Where
 * the charter holds what this version cannot judge, nobody may do anything, and only owners and the hub are met.
 */
import { CharterOperation, CharterState, type Decision, type Deeds, Partition, type PeerId } from "@syncline/core"
import { Result } from "effect"
import * as EqualPartitions from "./EqualPartitions.ts"
import * as EqualRights from "./EqualRights.ts"
import { MemberDecisions, type Remembering } from "./MemberDecisions.ts"
import type { Action, PolicyDocument } from "./PolicyDocument.ts"
import * as PolicyFile from "./PolicyFile.ts"
import type { PolicySubject } from "./PolicySubject.ts"
import { actionsOf, allowingBy, otherFields, SubjectDecisions, subjectFor } from "./SubjectDecisions.ts"

/** Answers that one state of the charter remembers; beyond it all are forgotten. */
export const answersMax = 65_536

const { ownerLevel } = CharterOperation

type Answer = Decision.Decision

const writeActions = ["update", "create", "delete"] as const

/** Stands for no common answer. */
const differs: Answer = { allowed: false, rule: "", policyVersion: 0, because: "" }

export class EnterpriseDecisions {
  readonly state: CharterState.CharterState
  readonly #introducer: PeerId.PeerId | undefined
  readonly #document: PolicyDocument | "closed" | undefined
  /** The answer to everything, where the charter holds what this version cannot judge. */
  readonly #unread: Answer | undefined
  readonly #subjects: SubjectDecisions
  readonly #answers = new Map<string, Answer>()
  readonly #fields = new Map<string, ReadonlyArray<string>>()

  /** `introducer`: whom a node without a charter lets in, to get one. */
  constructor(state: CharterState.CharterState, introducer?: PeerId.PeerId) {
    this.state = state
    this.#introducer = introducer
    this.#document = documentOf(state)
    const closed = closedBy(state, this.#document)
    this.#subjects = new SubjectDecisions(state, this.#document, closed)
    this.#unread = state.unread === undefined ? undefined : this.#subjects.unjudged(closed!)
  }

  /** Why this version of the program lets nothing of the space pass, where it does not. */
  get closed(): string | undefined {
    return closedBy(this.state, this.#document)
  }

  /** Answers that are remembered now. */
  get size(): number {
    return this.#answers.size
  }

  /** Does the device belong to the space, and is it let on? */
  admits(peer: PeerId.PeerId): Answer {
    const { devices, hub, version } = this.state
    if (version === 0 && peer === this.#introducer) {
      return this.#subjects.yes("charter/introducer", "this node takes the charter of the space from it")
    }
    if (version === 0) return this.#subjects.no("charter/none", "this node has no charter yet, so it knows no members")
    if (peer === hub) return this.#subjects.yes("charter/hub", "the hub of the space is let in")
    const device = devices.get(peer)
    if (device === undefined)
      return this.#subjects.no("charter/device", `${peer} is no device of a member of the space`)
    if (device.isPaused) return this.#subjects.no("charter/paused", `${device.name} is paused`)
    if (this.#unread !== undefined && this.subjectOf(peer)!.level < ownerLevel) return this.#unread
    return this.#subjects.yes("charter/device", `${device.name} is a device of ${this.nameOf(device.member)}`)
  }

  /**
   * Is what a device knows of the charter taken in, although it is not admitted? Where no hub orders the records, whoever took
   * it out may have been taken out by it, and be less senior. A device that its own member put aside is lost, not apart.
   */
  hears(peer: PeerId.PeerId): boolean {
    const { devices, hub, putAside, removedDevices } = this.state
    if (hub !== undefined || putAside.has(peer) || this.#unread !== undefined) return false
    return devices.get(peer)?.isPaused === true || removedDevices.has(peer)
  }

  /** May records of the partition lie on the device? */
  reads(peer: PeerId.PeerId, partition: Partition.Partition): Answer {
    return this.may(peer, "read", partition)
  }

  /** Why the device must give records of the partition up; nothing where the rules are not known, or none of its business. */
  forgets(peer: PeerId.PeerId, partition: Partition.Partition): Answer | undefined {
    if (!this.admits(peer).allowed || this.#document === "closed" || this.#unread !== undefined) return undefined
    const answer = this.reads(peer, partition)
    return answer.allowed ? undefined : answer
  }

  /**
   * May the device do this with records of the partition, or with one of their fields? Who may not read them may not write
   * them either, and a record for others is made by whoever may share it, too: the answer names the rule that denies.
   */
  may(peer: PeerId.PeerId, action: Action, partition: Partition.Partition, field?: string): Answer {
    const key = `${peer} ${action}${field === undefined ? "" : ` ${field}`}\n${Partition.key(partition)}`
    const decide = (): Answer =>
      this.#decide(peer, action, partition, field, (other) => this.may(peer, other, partition))
    return this.#answers.get(key) ?? this.#remembered(key, decide)
  }

  /** Only whether it may, about one partition and with nothing remembered: for whoever asks about thousands. */
  allowing(peer: PeerId.PeerId, partition: Partition.Partition): (action: Action, field?: string) => boolean {
    return allowingBy((action, field, may) => this.#decide(peer, action, partition, field, may))
  }

  /**
   * What a member may that asks without any of its devices, as people do who are signed in somewhere; `undefined` for who is no
   * member. Whether one of its devices is paused does not matter.
   */
  ofMember(id: string): MemberDecisions | undefined {
    const member = this.state.members.get(id)
    if (member === undefined) return undefined
    const remembered: Remembering = (key, decide) => this.#remembered(`member ${key}`, decide)
    return new MemberDecisions(this.#subjects, subjectFor(this.state, member), this.#unread, remembered)
  }

  /**
   * The answer to every way of writing there, where one rule decides on all; `undefined` where it matters what is done, if only
   * for the words in which it is refused.
   */
  mayWrite(peer: PeerId.PeerId, partition: Partition.Partition): Answer | undefined {
    const key = `${peer} write\n${Partition.key(partition)}`
    const known = this.#answers.get(key)
    if (known !== undefined) return known === differs ? undefined : known
    const answers = writeActions.map((action) => this.may(peer, action, partition))
    const who = this.subjectOf(peer)
    const hasFieldRules = who !== undefined && this.#subjects.compiledFor(who)?.hasFieldRules(partition.type) === true
    const answer = answers[0]!
    const isAlike = answers.every(({ allowed, rule }) => allowed === answer.allowed && rule === answer.rule)
    const isWordedAlike = answers.every(({ because }) => because === answer.because)
    const isShared = isAlike && !hasFieldRules && (answer.allowed || isWordedAlike)
    const shared = isShared && !isWordedAlike ? this.#subjects.letsWrite(who!, partition) : answer
    this.#remember(key, isShared ? shared : differs)
    return isShared ? shared : undefined
  }

  /**
   * May the device do all of this there? The answer names what it may not. What the rules say is looked at once for all fields,
   * so the work is bounded by the document, however many fields a commit writes.
   */
  mayDo(peer: PeerId.PeerId, partition: Partition.Partition, deeds: Deeds.Deeds): Answer {
    let first: Answer | undefined
    for (const action of actionsOf(deeds)) {
      const answer =
        action === "delete" || deeds.fields.size === 0
          ? this.may(peer, action, partition)
          : this.#mayWriteFields(peer, action, partition, deeds.fields)
      if (!answer.allowed) return answer
      first ??= answer
    }
    return first ?? this.may(peer, "update", partition)
  }

  /** Does it count what the device vouches for? Where the charter cannot be judged nobody's word does. */
  vouches(peer: PeerId.PeerId): boolean {
    return this.#unread === undefined && this.isCustodian(peer)
  }

  /** What a custodian has counts, although its author may not write it now: it got it while the author might. */
  vouched(custodian: PeerId.PeerId, refusal: Answer): Answer {
    return this.#subjects.yes(
      "charter/custodian",
      `${this.#deviceOf(custodian)} has it, and took it in while its author had the right; now: ${refusal.because}`
    )
  }

  /** Rules that speak of it, the strongest first; none where no document does. */
  speaking(peer: PeerId.PeerId, action: Action, partition: Partition.Partition, field?: string): ReadonlyArray<string> {
    const who = this.subjectOf(peer)
    return who === undefined ? [] : this.#subjects.speaking(who, action, partition, field)
  }

  /** Fields of a type that rules name, and `otherFields` for all others; none where the rules name none. */
  fieldsOf(type: string): ReadonlyArray<string> {
    const known = this.#fields.get(type)
    if (known !== undefined) return known
    const named = new Set<string>()
    if (this.#document !== undefined && this.#document !== "closed") {
      for (const { fields = [], types } of this.#document.rules) {
        if (types === "all" || types.includes(type)) for (const field of fields) named.add(field)
      }
    }
    const found = named.size === 0 ? [] : [...named, otherFields]
    this.#fields.set(type, found)
    return found
  }

  /** The same for all fields that the document declares, too: for people, who know them by name. */
  declaredFieldsOf(type: string): ReadonlyArray<string> {
    const limited = this.fieldsOf(type)
    if (limited.length === 0 || this.#document === undefined || this.#document === "closed") return []
    const { types } = this.#document
    const declared = Object.hasOwn(types, type) ? (types[type]!.fields ?? []) : []
    return [...new Set([...declared, ...limited])]
  }

  /**
   * A text that is equal for devices that may do the same with records of such partitions. `named`: every name that their
   * headers hold.
   */
  likeness(peer: PeerId.PeerId, named: ReadonlySet<string>): string {
    if (!this.admits(peer).allowed || this.#unread !== undefined) return "out"
    const who = this.subjectOf(peer)
    const where = peer === this.state.hub ? "hub" : "device"
    if (who === undefined) return `${where} of nobody`
    if (who.level >= ownerLevel) return "owner"
    return this.#document === "closed" ? `${where} closed` : `${where} ${EqualRights.keyOf(this.#document, who, named)}`
  }

  /** What tells partitions apart of which it does not say the same to everybody. */
  partitionKeys(): EqualPartitions.KeyOf {
    return EqualPartitions.keys(this.#document, this.state)
  }

  /** True for devices that have everything: what they confirm is safe. */
  isCustodian(peer: PeerId.PeerId): boolean {
    return peer === this.state.hub || (this.subjectOf(peer)?.level ?? 0) >= ownerLevel
  }

  /** The device as rules see it; `undefined` for one of no member. */
  subjectOf(peer: PeerId.PeerId): PolicySubject | undefined {
    const member = CharterState.memberOf(this.state, peer)
    if (member === undefined) return undefined
    return subjectFor(this.state, member, peer)
  }

  /** What people call a member. */
  nameOf(member: string): string {
    return this.#subjects.nameOf(member)
  }

  #mayWriteFields(
    peer: PeerId.PeerId,
    action: Action,
    partition: Partition.Partition,
    fields: ReadonlySet<string>
  ): Answer {
    const whole = this.may(peer, action, partition)
    const who = this.subjectOf(peer)
    return who === undefined ? whole : this.#subjects.ofFields(whole, who, action, partition, fields)
  }

  /** `may` answers for what else it takes to write. */
  #decide(
    peer: PeerId.PeerId,
    action: Action,
    partition: Partition.Partition,
    field: string | undefined,
    may: (action: Action) => Answer
  ): Answer {
    const alone = this.#decideAlone(peer, action, partition, field)
    return this.#subjects.whole(alone, this.subjectOf(peer), action, partition, may)
  }

  #decideAlone(peer: PeerId.PeerId, action: Action, partition: Partition.Partition, field: string | undefined): Answer {
    const admitted = this.admits(peer)
    if (!admitted.allowed) return admitted
    if (this.#unread !== undefined) return this.#unread
    if (peer === this.state.hub && action === "read") {
      return this.#subjects.yes("charter/hub", "the hub of the space keeps everything")
    }
    const who = this.subjectOf(peer)
    if (who === undefined) return this.#subjects.no("charter/hub", "the hub writes only as a device of a member")
    return this.#subjects.alone(who, action, partition, field)
  }

  #remembered(key: string, decide: () => Answer): Answer {
    const known = this.#answers.get(key)
    if (known !== undefined) return known
    const answer = decide()
    this.#remember(key, answer)
    return answer
  }

  #remember(key: string, answer: Answer): void {
    if (this.#answers.size >= answersMax) this.#answers.clear()
    this.#answers.set(key, answer)
  }

  #deviceOf(peer: PeerId.PeerId): string {
    return peer === this.state.hub ? "the hub" : (this.state.devices.get(peer)?.name ?? peer)
  }
}

const closedBy = ({ unread }: CharterState.CharterState, document: PolicyDocument | "closed" | undefined) => {
  if (unread !== undefined) {
    return `a later version of the program wrote record ${unread} of the charter, and this one cannot judge it: it lets nothing pass; update it`
  }
  return document === "closed"
    ? "this version of the program cannot read the policy in force, so it lets nothing pass; update it, or let an owner put another policy in force"
    : undefined
}

const documentOf = ({ policy }: CharterState.CharterState): PolicyDocument | "closed" | undefined => {
  if (policy === undefined) return undefined
  return Result.match(PolicyFile.parse(policy.text), { onSuccess: (document) => document, onFailure: () => "closed" })
}
