/**
 * What the roles of a charter and its policy document say about one who asks, a member with one of its devices or without,
 * and a partition, in words. It knows no links: whether a device is let in, and what the hub is, is `EnterpriseDecisions`'.
 */
import { CharterOperation, CharterState, type Decision, type Deeds, type Partition, type PeerId } from "@syncline/core"
import * as Audience from "./Audience.ts"
import * as PolicyCompiler from "./PolicyCompiler.ts"
import type { Action, PolicyDocument } from "./PolicyDocument.ts"
import type { PolicySubject } from "./PolicySubject.ts"

type Answer = Decision.Decision

const { managingLevel, ownerLevel } = CharterOperation
/** The level of the built-in members; those below only read. */
const writingLevel = 40

const writing: ReadonlySet<Action> = new Set(["update", "create", "delete"])

/** Stands for every field that no rule names; no field is called so. */
export const otherFields = ""
/** What rules are asked about in its place: CASL takes an empty name for none. Longer than a rule can name. */
const unnamedField = "any other field ".repeat(32)
const askedField = (field: string | undefined): string | undefined => (field === otherFields ? unnamedField : field)

/** A type, or a field of it, for people. */
export const whatOf = (type: string, field: string | undefined): string => {
  if (field === undefined) return type
  return field === otherFields ? `any other field of ${type}` : `${type}.${field}`
}

/** A member as rules see it, with the device that asks or without one. */
export const subjectFor = (
  state: Pick<CharterState.CharterState, "roles">,
  member: CharterState.Member,
  device?: PeerId.PeerId
): PolicySubject => {
  const { id, role, teams } = member
  return { device, member: id, role, level: CharterState.levelOf(state, member), teams }
}

/** Asks about one partition; `may` answers for what else an action takes. */
type Deciding = (action: Action, field: string | undefined, may: (action: Action) => Answer) => Answer

/** Only whether it may, with nothing remembered but for this one partition. */
export const allowingBy = (decide: Deciding): ((action: Action, field?: string) => boolean) => {
  let read: Answer | undefined
  const may = (action: Action): Answer =>
    action === "read" ? (read ??= decide(action, undefined, may)) : decide(action, undefined, may)
  return (action, field) => {
    if (writing.has(action) && !may("read").allowed) return false
    return field === undefined ? may(action).allowed : decide(action, field, may).allowed
  }
}

/** What a commit does, as rules name it. */
export const actionsOf = ({ creates, deletes, updates }: Deeds.Deeds): ReadonlyArray<Action> => [
  ...(deletes ? ["delete" as const] : []),
  ...(creates ? ["create" as const] : []),
  ...(updates ? ["update" as const] : [])
]

export class SubjectDecisions {
  readonly #state: CharterState.CharterState
  readonly #document: PolicyDocument | "closed" | undefined
  readonly #closed: string | undefined
  /** By device; a member without one has a line of its own. */
  readonly #compiled = new Map<string, PolicyCompiler.CompiledPolicy>()

  /** `closed`: why nothing passes, where this version cannot read the document. */
  constructor(
    state: CharterState.CharterState,
    document: PolicyDocument | "closed" | undefined,
    closed: string | undefined
  ) {
    this.#state = state
    this.#document = document
    this.#closed = closed
  }

  /** What the role and the rules say of the action by itself. */
  alone(who: PolicySubject, action: Action, partition: Partition.Partition, field: string | undefined): Answer {
    if (who.level >= ownerLevel) return this.yes("charter/owner", `${this.nameOf(who.member)} is an owner of the space`)
    if (this.#document === undefined) return this.#byRole(who, action, partition)
    if (this.#document === "closed") return this.unjudged(this.#closed!)
    const { header, type } = partition
    const compiled = this.compiledFor(who)!
    return this.inWords(compiled.decide(action, type, header, askedField(field)), who, action, type, field)
  }

  /** The answer of `alone` with what else it takes to write; `may` answers for that. */
  whole(
    alone: Answer,
    who: PolicySubject | undefined,
    action: Action,
    partition: Partition.Partition,
    may: (action: Action) => Answer
  ): Answer {
    if (!alone.allowed || !writing.has(action)) return alone
    const read = may("read")
    if (!read.allowed) return { ...read, because: `what it may not read it may not ${action}, and ${read.because}` }
    if (action !== "create" || !this.#isForOthers(who, partition)) return alone
    const share = may("share")
    return share.allowed ? alone : { ...share, because: `to create it for others takes share, and ${share.because}` }
  }

  /**
   * May it write these fields, where `whole` says whether the record may be written? Where that may not be no field may; otherwise
   * the first field that may not be denies it.
   */
  ofFields(
    whole: Answer,
    who: PolicySubject,
    action: Action,
    { header, type }: Partition.Partition,
    fields: ReadonlySet<string>
  ): Answer {
    const compiled = this.compiledFor(who)
    if (!whole.allowed || compiled === undefined || !compiled.hasFieldRules(type)) return whole
    const decide = compiled.decideFields(action, type, header)
    let first: Answer | undefined
    for (const field of fields) {
      const verdict = decide(field)
      if (first === undefined || !verdict.allowed) first = this.inWords(verdict, who, action, type, field)
      if (!verdict.allowed) return first
    }
    return first ?? whole
  }

  /** Rules that speak of it, the strongest first; none where no document does. */
  speaking(
    who: PolicySubject,
    action: Action,
    { header, type }: Partition.Partition,
    field: string | undefined
  ): ReadonlyArray<string> {
    return this.compiledFor(who)?.speaking(action, type, header, askedField(field)) ?? []
  }

  /** The document compiled for whoever asks; nothing where none is asked. */
  compiledFor(who: PolicySubject): PolicyCompiler.CompiledPolicy | undefined {
    if (this.#document === undefined || this.#document === "closed" || who.level >= ownerLevel) return undefined
    const key = who.device ?? `member ${who.member}`
    const known = this.#compiled.get(key)
    if (known !== undefined) return known
    const compiled = PolicyCompiler.compile(this.#document, who)
    this.#compiled.set(key, compiled)
    return compiled
  }

  /** What lets it create lets it update and delete, too. */
  letsWrite(who: PolicySubject, { header, type }: Partition.Partition): Answer {
    const verdict = this.compiledFor(who)!.decide("create", type, header)
    return this.inWords(verdict, who, "create, update or delete", type, undefined)
  }

  inWords(
    { allowed, rule, tier }: PolicyCompiler.Verdict,
    who: PolicySubject,
    action: string,
    type: string,
    field: string | undefined
  ): Answer {
    const what = `${action} ${whatOf(type, field)}`
    const name = this.nameOf(who.member)
    if (rule === undefined) return this.no("default", `no rule lets ${name} ${what}, and what no rule allows is denied`)
    if (!allowed) return this.no(rule, `the rule ${rule} forbids ${name} to ${what}`)
    const how = { grant: "a grant to the member or device", "team or role": "its team or role", everybody: "everybody" }
    return this.yes(rule, `the rule ${rule} lets ${name} ${what} (${how[tier as keyof typeof how]})`)
  }

  /** What people call a member. */
  nameOf(member: string): string {
    return this.#state.members.get(member)?.name ?? member
  }

  yes(rule: string, because: string): Answer {
    return { allowed: true, rule, policyVersion: this.#state.version, because }
  }

  no(rule: string, because: string): Answer {
    return { allowed: false, rule, policyVersion: this.#state.version, because }
  }

  /** This version cannot tell: nothing passes, and nobody gives anything up for it. */
  unjudged(because: string): Answer {
    return { ...this.no("policy/closed", because), isUnjudged: true }
  }

  /** What the built-in roles mean as long as nobody has written a policy. */
  #byRole(who: PolicySubject, action: Action, { header }: Partition.Partition): Answer {
    const name = this.nameOf(who.member)
    const rule = `role/${who.role}`
    if (who.level >= managingLevel) return this.yes(rule, `${name} manages the space`)
    const { audience = null, team = null } = header
    // What is no text names nobody.
    if (audience !== null && !(typeof audience === "string" && Audience.isFor(audience, who))) {
      return this.no("audience", `${name} is not among those it is for`)
    }
    if (team !== null && !(typeof team === "string" && who.teams.includes(team))) {
      return this.no("team", `${name} is not in the team ${String(team)}`)
    }
    if (action === "read") return this.yes(rule, `${name} reads what is of no team or of the own ones`)
    const writes = writing.has(action)
    if (writes && who.level >= writingLevel)
      return this.yes(rule, `${name} writes what is of no team or of the own ones`)
    return this.no(rule, `${name} has the role ${who.role}, which does not ${writes ? "write" : action}`)
  }

  /** Does a document tell whom the record is for, and is anybody among them but who makes it? */
  #isForOthers(who: PolicySubject | undefined, { header, type }: Partition.Partition): boolean {
    if (this.#document === undefined || this.#document === "closed") return false
    const { types } = this.#document
    const declared = Object.hasOwn(types, type) ? (types[type]!.header ?? {}) : {}
    return Object.entries(header).some(([field, value]) => {
      if (typeof value !== "string" || !Object.hasOwn(declared, field) || declared[field] !== "audience") return false
      return (Audience.namesOf(value) ?? []).some((name) => name !== who?.member && name !== who?.device)
    })
  }
}
