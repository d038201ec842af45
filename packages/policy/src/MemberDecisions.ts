/**
 * What a member may that asks without any of its devices, as people do who are signed in at a hub: its role, its teams and
 * the rules for them decide. Rules for devices never speak of it, and a rule that asks which device it is cannot be judged: a
 * prohibition then holds and an allowance does not. Who is signed in, and as which member, it does not know.
 */
import { type Decision, type Deeds, Partition } from "@syncline/core"
import type { Action } from "./PolicyDocument.ts"
import type { PolicySubject } from "./PolicySubject.ts"
import { actionsOf, allowingBy, type SubjectDecisions } from "./SubjectDecisions.ts"

type Answer = Decision.Decision

/** The answer that is remembered under a key, or the one that is found now. */
export type Remembering = (key: string, decide: () => Answer) => Answer

export class MemberDecisions {
  readonly subject: PolicySubject
  readonly #subjects: SubjectDecisions
  readonly #unread: Answer | undefined
  readonly #remembered: Remembering

  /** `unread`: the answer to everything, where the charter holds what this version cannot judge. */
  constructor(subjects: SubjectDecisions, subject: PolicySubject, unread: Answer | undefined, remembered: Remembering) {
    this.#subjects = subjects
    this.subject = subject
    this.#unread = unread
    this.#remembered = remembered
  }

  /** May the member do this with records of the partition, or with one of their fields? The answer says by which rule and why. */
  may(action: Action, partition: Partition.Partition, field?: string): Answer {
    const asked = field === undefined ? action : `${action} ${field}`
    return this.#remembered(`${this.subject.member} ${asked}\n${Partition.key(partition)}`, () =>
      this.#decide(action, partition, field, (other) => this.may(other, partition))
    )
  }

  /** Only whether it may, about one partition and with nothing remembered: for whoever asks about thousands. */
  allowing(partition: Partition.Partition): (action: Action, field?: string) => boolean {
    return allowingBy((action, field, may) => this.#decide(action, partition, field, may))
  }

  /**
   * May the member do all of this there? The answer names what it may not, and is the same whatever is done with what it may not
   * even read. Nothing is remembered.
   */
  mayDo(partition: Partition.Partition, deeds: Deeds.Deeds): Answer {
    const may = (action: Action): Answer => this.#decide(action, partition, undefined, may)
    const read = may("read")
    if (!read.allowed) return read
    let first: Answer | undefined
    for (const action of actionsOf(deeds)) {
      const whole = may(action)
      const answer =
        action === "delete" ? whole : this.#subjects.ofFields(whole, this.subject, action, partition, deeds.fields)
      if (!answer.allowed) return answer
      first ??= answer
    }
    return first ?? may("update")
  }

  /** Rules that speak of it, the strongest first; none where no document does. */
  speaking(action: Action, partition: Partition.Partition, field?: string): ReadonlyArray<string> {
    return this.#subjects.speaking(this.subject, action, partition, field)
  }

  #decide(
    action: Action,
    partition: Partition.Partition,
    field: string | undefined,
    may: (action: Action) => Answer
  ): Answer {
    if (this.#unread !== undefined) return this.#unread
    const alone = this.#subjects.alone(this.subject, action, partition, field)
    return this.#subjects.whole(alone, this.subject, action, partition, may)
  }
}
