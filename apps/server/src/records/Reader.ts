/**
 * The records as whoever calls may have them. The hub's machine, and everybody at a hub without a team, has them as the hub does; a person
 * of a team as its member could with a device of its own, and what that member may not read is not there. What a member may, the
 * charter and its policy say.
 */
import { Charter, CharterOperation, type CharterState, type Partition, Records } from "@syncline/core"
import { EnterpriseDecisions, type MemberDecisions } from "@syncline/policy"
import { Effect, Option } from "effect"
import type { Principal } from "../rest/Principal.ts"
import { AccountUnlinked, because, type TeamError } from "../team/TeamError.ts"

export interface Reader {
  /** It has the whole space. */
  readonly isAll: boolean
  readonly records: Records.RecordsShape
  readonly sees: (partition: Partition.Partition) => boolean
  /** May it decide what becomes there of what others wrote? */
  readonly decides: (partition: Partition.Partition) => boolean
}

/** The reader of a call. A caller whose account acts as no member fails with `AccountUnlinked`, whatever it asks. */
export const of = Effect.fnUntraced(function* (
  principal: Principal | undefined
): Effect.fn.Return<Reader, TeamError, Records.Records> {
  const records = yield* Records.Records
  const charter = yield* Effect.serviceOption(Charter.Charter)
  if (principal === undefined) return yield* Effect.die("nobody reads records without a sign-in")
  if (principal.kind === "door" || Option.isNone(charter)) return whole(records)
  const { member, name } = principal.account
  const decisions = decisionsOf(charter.value.state())
  const own = member === undefined ? undefined : decisions.ofMember(member)
  if (own === undefined) return yield* Effect.fail(because(new AccountUnlinked({ account: name })))
  return partial(records, own, decisions.closed !== undefined)
})

/**
 * What a caller may be told of where records lie and how many there are when policies are reviewed: everything where its member manages
 * the team, which could put a policy in force that shows it all, else what it may read. A caller whose account acts as no member fails
 * with `AccountUnlinked`.
 */
export const reviewing = Effect.fnUntraced(function* (
  principal: Principal | undefined
): Effect.fn.Return<(partition: Partition.Partition) => boolean, TeamError, Charter.Charter> {
  if (principal === undefined) return yield* Effect.die("nobody reviews policies without a sign-in")
  if (principal.kind === "door") return () => true
  const { member, name } = principal.account
  const own = member === undefined ? undefined : decisionsOf((yield* Charter.Charter).state()).ofMember(member)
  if (own === undefined) return yield* Effect.fail(because(new AccountUnlinked({ account: name })))
  if (own.subject.level >= CharterOperation.managingLevel) return () => true
  return (partition) => own.allowing(partition)("read")
})

const whole = (records: Records.RecordsShape): Reader => ({
  isAll: true,
  records,
  sees: () => true,
  decides: () => true
})

const partial = (records: Records.Records["Service"], own: MemberDecisions, isClosed: boolean): Reader => {
  // One request asks about the same partitions again and again, and a charter does not change under it.
  const known = new WeakMap<Partition.Partition, boolean>()
  const sees = (partition: Partition.Partition): boolean => {
    const answer = known.get(partition) ?? own.allowing(partition)("read")
    known.set(partition, answer)
    return answer
  }
  return {
    isAll: own.subject.level >= CharterOperation.ownerLevel && !isClosed,
    records: records.seenBy({ sees, mayDo: (partition, deeds) => own.mayDo(partition, deeds) }),
    sees,
    decides: (partition) => {
      const may = own.allowing(partition)
      return may("create") && may("update") && may("delete")
    }
  }
}

/** A document is compiled once for as long as its charter is the charter. Nothing else is remembered here. */
const compiled = new WeakMap<CharterState.CharterState, EnterpriseDecisions>()

/** Of a charter, compiled once. */
export const decisionsOf = (state: CharterState.CharterState): EnterpriseDecisions => {
  const known = compiled.get(state)
  if (known !== undefined) return known
  const made = new EnterpriseDecisions(state)
  compiled.set(state, made)
  return made
}
