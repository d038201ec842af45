/**
 * Accounts of a hub, as its owners look after them: made with a one-time link, linked to a member, disabled and removed. One owner stays
 * always. An account is a login at this hub and gives no right in the space: that is the charter's, by the member.
 */
import { Charter } from "@syncline/core"
import { AdminPage, type AdminPeople, type AdminScope } from "@syncline/core/admin"
import { type HubRow, HubStore, HubStoreError } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer, Option, Stream } from "effect"
import type { Ended } from "../rest/Principal.ts"
import * as AccountLink from "./AccountLink.ts"
import * as AccountRow from "./AccountRow.ts"
import { Endings } from "./Endings.ts"
import { because, LastOwner, MemberMissing, NoneOfPeople, type PeopleError } from "./PeopleError.ts"
import * as Secret from "./Secret.ts"
import * as Sessions from "./Sessions.ts"

type Answer<A> = Effect.Effect<A, PeopleError | HubStoreError.HubStoreError>

export interface NewAccount {
  /** As `AdminPeople.accountNameOf` gives it. */
  readonly name: string
  readonly role: AdminScope.HubRole
  readonly member?: string | undefined
}

/** Whoever names an account that is not there fails with `NoneOfPeople`. */
export interface AccountsShape {
  /** In the order of their names. */
  readonly list: (query: AdminPage.Query) => Answer<AdminPage.Page<AdminPeople.Account>>
  readonly get: (id: string) => Answer<AdminPeople.Account>
  /** Fails with `AccountNameTaken`, and with `MemberMissing`. */
  readonly make: (account: NewAccount) => Answer<typeof AdminPeople.Made.Type>
  /** Makes a new one-time link in place of one before. What the account signs in by now stays good until the link is used. */
  readonly link: (id: string) => Answer<typeof AdminPeople.Link.Type>
  /** Ends the account's sessions. Fails with `LastOwner` and `MemberMissing`. */
  readonly change: (id: string, changes: AdminPeople.AccountChanges) => Answer<AdminPeople.Account>
  /** Ends all that it has. Fails with `LastOwner`. */
  readonly remove: (id: string) => Answer<void>
  /** Ends all sessions of an account. */
  readonly endSessions: (id: string) => Answer<void>
}

export class Accounts extends Context.Service<Accounts, AccountsShape>()("@syncline/server/people/Accounts") {
  static readonly layer: Layer.Layer<Accounts, never, HubStore.HubStore | Endings> = Layer.effect(
    Accounts,
    Effect.suspend(() => make())
  )
}

interface Desk {
  readonly store: HubStore.HubStoreShape
  readonly endings: Endings["Service"]
  readonly charter: Option.Option<Charter.CharterShape>
}

const make = Effect.fnUntraced(function* () {
  const desk: Desk = {
    store: yield* HubStore.HubStore,
    endings: yield* Endings,
    charter: yield* Effect.serviceOption(Charter.Charter)
  }
  if (Option.isSome(desk.charter)) yield* followTeam(desk, desk.charter.value)
  return {
    list: (query) => list(desk, query),
    get: (id) => get(desk, id),
    make: (account) => add(desk, account),
    link: (id) => link(desk, id),
    change: (id, changes) => change(desk, id, changes),
    remove: (id) => remove(desk, id),
    endSessions: (id) => endSessions(desk, id)
  } satisfies AccountsShape
})

const missing = (id: string) => because(new NoneOfPeople({ kind: "account", id }))

/** Changes rows; what it throws of people's errors undoes it, and is what it fails with. */
const changing = Effect.fnUntraced(function* <A>(
  { endings, store }: Desk,
  body: (rows: HubStore.HubRows) => { readonly value: A; readonly ended?: ReadonlyArray<Ended> } | PeopleError
) {
  const result = yield* store.change(body)
  if ("reason" in result) return yield* Effect.fail(result)
  yield* endings.tell(result.ended ?? [])
  return result.value
})

const shown = (rows: HubStore.HubReads, row: HubRow.AccountRow, nowMs: number): AdminPeople.Account => ({
  ...row,
  role: AccountRow.roleOf(row.role),
  member: row.member ?? null,
  signsInBy: [...new Set(rows.credentials.ofAccount(row.id).map(({ kind }) => kind))],
  linkUntilMs: AccountLink.untilOf(rows, row.id, nowMs)
})

const list = Effect.fnUntraced(function* ({ store }: Desk, { after, limit = AdminPage.pageDefault }: AdminPage.Query) {
  const nowMs = yield* Clock.currentTimeMillis
  return yield* store.read((rows) => {
    const items = rows.accounts.list(after, limit).map((row) => shown(rows, row, nowMs))
    const last = items.at(-1)?.name
    const isMore = items.length === limit && rows.accounts.list(last, 1).length > 0
    return { items, next: isMore ? last! : null }
  })
})

const get = Effect.fnUntraced(function* ({ store }: Desk, id: string) {
  const nowMs = yield* Clock.currentTimeMillis
  const account = yield* store.read((rows) => {
    const row = rows.accounts.get(id)
    return row === undefined ? undefined : shown(rows, row, nowMs)
  })
  return account ?? (yield* Effect.fail(missing(id)))
})

const assertMember = ({ charter }: Desk, member: string | null | undefined): Effect.Effect<void, PeopleError> => {
  const isFit =
    member === undefined || member === null || (Option.isSome(charter) && charter.value.state().members.has(member))
  return isFit ? Effect.void : Effect.fail(because(new MemberMissing({ member })))
}

const add = Effect.fnUntraced(function* (desk: Desk, { member, name, role }: NewAccount) {
  yield* assertMember(desk, member)
  const madeMs = yield* Clock.currentTimeMillis
  const row: HubRow.AccountRow = { id: Secret.drawId(), name, role, member, isDisabled: false, madeMs }
  return yield* changing(desk, (rows) => {
    rows.accounts.put(row)
    const made = AccountLink.make(rows, row.id, madeMs)
    return { value: { account: shown(rows, row, madeMs), ...made } }
  })
})

const link = Effect.fnUntraced(function* (desk: Desk, id: string) {
  const nowMs = yield* Clock.currentTimeMillis
  return yield* changing(desk, (rows) =>
    rows.accounts.get(id) === undefined ? missing(id) : { value: AccountLink.make(rows, id, nowMs) }
  )
})

/** Whether the hub would have no owner without this one. */
const isLastOwner = ({ accounts }: HubStore.HubReads, { isDisabled, role }: HubRow.AccountRow): boolean =>
  role === "owner" && !isDisabled && accounts.countEnabled("owner") <= 1

const change = Effect.fnUntraced(function* (desk: Desk, id: string, changes: AdminPeople.AccountChanges) {
  yield* assertMember(desk, changes.member)
  const nowMs = yield* Clock.currentTimeMillis
  return yield* changing(desk, (rows) => {
    const row = rows.accounts.get(id)
    if (row === undefined) return missing(id)
    const { isDisabled = row.isDisabled, role = row.role } = changes
    const member = changes.member === undefined ? row.member : (changes.member ?? undefined)
    const next: HubRow.AccountRow = { ...row, isDisabled, role, member }
    const isOwner = next.role === "owner" && !next.isDisabled
    if (!isOwner && isLastOwner(rows, row)) return because(new LastOwner({ account: row.name }))
    return { value: shown(rows, next, nowMs), ended: write(rows, next) }
  })
})

/** Writes an account inside a change; what is open of it ends. */
const write = (rows: HubStore.HubRows, row: HubRow.AccountRow): ReadonlyArray<Ended> => {
  rows.accounts.put(row)
  return [...Sessions.endedOf(rows.sessions.removeOf(row.id)), { kind: "account", id: row.id }]
}

const remove = (desk: Desk, id: string) =>
  changing(desk, (rows) => {
    const row = rows.accounts.get(id)
    if (row === undefined) return missing(id)
    if (isLastOwner(rows, row)) return because(new LastOwner({ account: row.name }))
    AccountLink.end(rows, id)
    const sessions = rows.accounts.remove(id) ?? []
    return { value: undefined, ended: [...Sessions.endedOf(sessions), { kind: "account", id }] }
  })

const endSessions = (desk: Desk, id: string) =>
  changing(desk, (rows) =>
    rows.accounts.get(id) === undefined
      ? missing(id)
      : { value: undefined, ended: Sessions.endedOf(rows.sessions.removeOf(id)) }
  )

/** Disables accounts of members that the team removed, until the scope closes. */
const followTeam = Effect.fnUntraced(function* (desk: Desk, charter: Charter.CharterShape) {
  const seen = new Set<string>()
  const look = Effect.suspend(() => {
    const gone = [...charter.state().removedMembers.keys()].filter((member) => !seen.has(member))
    if (gone.length === 0) return Effect.void
    return Effect.map(disableOf(desk, gone), () => {
      for (const member of gone) seen.add(member)
    })
  })
  const tried = Effect.catchCause(look, (cause) =>
    Effect.logError("accounts of members that were removed could not be disabled", cause)
  )
  // Before the first look, or a change in between would be missed.
  yield* Effect.forkScoped(
    Stream.runForEach(charter.changes, () => tried),
    { startImmediately: true }
  )
  yield* Effect.forkScoped(tried)
})

/** The last owner goes on without a member, for nobody else could look after the accounts. */
const disableOf = (desk: Desk, members: ReadonlyArray<string>) =>
  changing(desk, (rows) => {
    const ended: Array<Ended> = []
    for (const row of members.flatMap((member) => rows.accounts.ofMember(member))) {
      if (isLastOwner(rows, row)) ended.push(...write(rows, { ...row, member: undefined }))
      else if (!row.isDisabled) ended.push(...write(rows, { ...row, isDisabled: true }))
    }
    return { value: undefined, ended }
  })
