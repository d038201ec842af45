/**
 * Passkeys of people: added by who is signed in, listed, named and removed, and signed in by. Authenticators know which they hold, so
 * nobody says a name to sign in by one, and nothing tells which names there are. What proves a passkey is `PasskeyProof`'s.
 */
import { Occupancy } from "@syncline/core"
import type { AdminPasskeys } from "@syncline/core/admin"
import { HubStore, type HubRow, type HubStoreError } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer } from "effect"
import type { Principal } from "../rest/Principal.ts"
import { HubIdentity } from "../status/HubIdentity.ts"
import * as Challenges from "./Challenges.ts"
import { Endings } from "./Endings.ts"
import * as Entrance from "./Entrance.ts"
import * as PasskeyProof from "./PasskeyProof.ts"
import {
  because,
  LastCredential,
  NoneOfPeople,
  PasskeyRefused,
  PasskeysOff,
  PasskeyUnfit,
  PasswordsBusy,
  type PeopleError
} from "./PeopleError.ts"
import * as RelyingParty from "./RelyingParty.ts"
import * as Secret from "./Secret.ts"
import * as Sessions from "./Sessions.ts"
import { SignInNews } from "./SignInNews.ts"
import * as SignInThrottle from "./SignInThrottle.ts"

type Answer<A> = Effect.Effect<A, PeopleError | HubStoreError.HubStoreError>

/** A person with a session. */
type Person = Extract<Principal, { readonly kind: "session" }>

/** Without a site of their own all but `list` and `remove` fail with `PasskeysOff`. */
export interface PasskeysShape {
  /** Whether the hub has a site that passkeys can be for. */
  readonly isOn: boolean
  /** Those of an account, in the order in which they were made. */
  readonly list: (account: string) => Answer<ReadonlyArray<AdminPasskeys.Passkey>>
  /** What the person's browser is to be asked for a new one. */
  readonly creationOptions: (person: Person) => Answer<AdminPasskeys.CreationOptions>
  /** Fails with `PasskeyUnfit`, `CredentialTaken`, and beyond 20 credentials of the account with `HubRowsExhausted`. */
  readonly add: (person: Person, given: AdminPasskeys.NewPasskey) => Answer<AdminPasskeys.Passkey>
  /** Fails with `NoneOfPeople`. */
  readonly rename: (person: Person, id: string, name: string) => Answer<AdminPasskeys.Passkey>
  /**
   * Removes a passkey of an account, or whosever it is, and ends the account's sessions but one. Fails with `NoneOfPeople`, and with
   * `LastCredential` where the account could not sign in any more.
   */
  readonly remove: (id: string, account: string | undefined, exceptSession: string | undefined) => Answer<void>
  /** What a browser is to be asked to sign in, the same for everybody. */
  readonly requestOptions: Answer<AdminPasskeys.RequestOptions>
  /** Fails with `PasskeyRefused`, whatever is wrong, and with `SignInTooOften` and `PasswordsBusy`. */
  readonly signIn: (credential: AdminPasskeys.Asserted, newcomer: Entrance.Newcomer) => Answer<Entrance.SignedIn>
}

export interface Site {
  readonly publicUrl: string | undefined
}

export class Passkeys extends Context.Service<Passkeys, PasskeysShape>()("@syncline/server/people/Passkeys") {
  static readonly layer = (
    site: Site
  ): Layer.Layer<Passkeys, never, HubStore.HubStore | Endings | SignInNews | HubIdentity> =>
    Layer.effect(Passkeys, make(site))
}

interface Desk {
  readonly store: HubStore.HubStoreShape
  readonly endings: Endings["Service"]
  readonly news: SignInNews["Service"]
  readonly challenges: Challenges.Challenges
  /** The hub's address is known once it listens. */
  readonly party: () => RelyingParty.RelyingParty | undefined
}

const make = Effect.fnUntraced(function* ({ publicUrl }: Site) {
  const identity = yield* HubIdentity
  const challenges = new Challenges.Challenges()
  const desk: Desk = {
    store: yield* HubStore.HubStore,
    endings: yield* Endings,
    news: yield* SignInNews,
    challenges,
    party: () => RelyingParty.of(publicUrl, identity.current.addresses[0])
  }
  const { answeredMax: limit } = Challenges
  yield* Occupancy.watch([{ kind: "queue", name: "passkey_challenges", limit, length: () => challenges.answered }])
  return {
    get isOn() {
      return desk.party() !== undefined
    },
    list: (account) => list(desk, account),
    creationOptions: (person) => creationOptions(desk, person),
    add: (person, given) => add(desk, person, given),
    rename: (person, id, name) => rename(desk, person, id, name),
    remove: (id, account, exceptSession) => remove(desk, id, account, exceptSession),
    requestOptions: Effect.suspend(() => requestOptions(desk)),
    signIn: (credential, newcomer) => signIn(desk, credential, newcomer)
  } satisfies PasskeysShape
})

const partyOf = ({ party }: Desk): Effect.Effect<RelyingParty.RelyingParty, PeopleError> =>
  Effect.suspend(() => {
    const known = party()
    return known === undefined ? Effect.fail(because(new PasskeysOff())) : Effect.succeed(known)
  })

/** Of a session alone, so that nobody adds what another was asked for. */
const addingOf = ({ session }: Person): string => `add ${session}`
const signingIn = "sign in"

const shown = ({ data, id, madeMs, usedMs }: HubRow.CredentialRow): AdminPasskeys.Passkey => {
  const { isBackedUp, name } = PasskeyProof.decode(data)
  return { id, name, madeMs, usedMs: usedMs ?? null, isBackedUp }
}

const passkeysOf = ({ credentials }: HubStore.HubReads, account: string): ReadonlyArray<HubRow.CredentialRow> =>
  credentials.ofAccount(account).filter(({ kind }) => kind === "passkey")

const list = ({ store }: Desk, account: string) => store.read((rows) => passkeysOf(rows, account).map(shown))

const creationOptions = Effect.fnUntraced(function* (desk: Desk, person: Person) {
  const { id: rpId } = yield* partyOf(desk)
  const nowMs = yield* Clock.currentTimeMillis
  const known = yield* desk.store.read((rows) => passkeysOf(rows, person.account.id))
  const { id, name } = person.account
  return {
    rp: { id: rpId, name: "Syncline" },
    user: { id: handleOf(id), name, displayName: name },
    challenge: desk.challenges.draw(addingOf(person), nowMs),
    pubKeyCredParams: PasskeyProof.algorithms.map((alg) => ({ type: "public-key" as const, alg })),
    timeout: Challenges.challengeMsMax,
    excludeCredentials: known.map(({ data }) => ({
      type: "public-key" as const,
      id: PasskeyProof.decode(data).credential
    })),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    attestation: "none"
  } satisfies AdminPasskeys.CreationOptions
})

/** An account as authenticators keep it: bytes that say nothing of its person. */
const handleOf = (account: string): string => Buffer.from(account, "utf8").toString("base64url")

const add = Effect.fnUntraced(function* (desk: Desk, person: Person, { credential, name }: AdminPasskeys.NewPasskey) {
  const party = yield* partyOf(desk)
  const nowMs = yield* Clock.currentTimeMillis
  const purpose = addingOf(person)
  const proven = yield* PasskeyProof.created(credential, {
    party,
    isExpected: (challenge) => desk.challenges.isGood(challenge, purpose, nowMs)
  })
  if (proven === undefined || !(yield* take(desk, proven.challenge, purpose))) {
    return yield* Effect.fail(because(new PasskeyUnfit()))
  }
  const { counter, challenge: _, ...kept } = proven
  const row: HubRow.CredentialRow = {
    kind: "passkey",
    id: Secret.hashOf(kept.credential),
    account: person.account.id,
    data: PasskeyProof.encode({ ...kept, name }),
    madeMs: nowMs,
    usedMs: undefined,
    counter
  }
  yield* desk.store.change(({ credentials }) => credentials.put(row))
  return shown(row)
})

/** Whether a challenge is answered by this. Fails with `PasswordsBusy`. */
const take = Effect.fnUntraced(function* ({ challenges }: Desk, challenge: string, purpose: string) {
  const taken = challenges.take(challenge, purpose, yield* Clock.currentTimeMillis)
  if (taken === "busy") return yield* Effect.fail(because(new PasswordsBusy()))
  return taken === "taken"
})

const missing = (id: string) => because(new NoneOfPeople({ kind: "passkey", id }))

const rename = Effect.fnUntraced(function* ({ store }: Desk, { account }: Person, id: string, name: string) {
  const row = yield* store.change(({ credentials }) => {
    const known = credentials.get("passkey", id)
    if (known?.account !== account.id) return undefined
    const renamed = { ...known, data: PasskeyProof.encode({ ...PasskeyProof.decode(known.data), name }) }
    credentials.put(renamed)
    return renamed
  })
  return row === undefined ? yield* Effect.fail(missing(id)) : shown(row)
})

const remove = Effect.fnUntraced(function* (
  { endings, store }: Desk,
  id: string,
  account: string | undefined,
  exceptSession: string | undefined
) {
  const result = yield* store.change((rows) => {
    const row = rows.credentials.get("passkey", id)
    if (row === undefined || (account !== undefined && row.account !== account)) return missing(id)
    if (rows.credentials.ofAccount(row.account).length <= 1) return because(new LastCredential())
    rows.credentials.remove("passkey", id)
    return Sessions.endedOf(rows.sessions.removeOf(row.account, exceptSession))
  })
  if ("reason" in result) return yield* Effect.fail(result)
  yield* endings.tell(result)
})

const requestOptions = Effect.fnUntraced(function* (desk: Desk) {
  const { id: rpId } = yield* partyOf(desk)
  return {
    rpId,
    challenge: desk.challenges.draw(signingIn, yield* Clock.currentTimeMillis),
    timeout: Challenges.challengeMsMax,
    allowCredentials: [],
    userVerification: "required"
  } satisfies AdminPasskeys.RequestOptions
})

const signIn = Effect.fnUntraced(function* (
  desk: Desk,
  credential: AdminPasskeys.Asserted,
  newcomer: Entrance.Newcomer
) {
  const party = yield* partyOf(desk)
  const keys = SignInThrottle.keysOf(newcomer.remote)
  const askedMs = yield* Clock.currentTimeMillis
  const id = Secret.hashOf(credential.id)
  const found = yield* Entrance.attempt(desk, keys, (rows) => {
    const row = rows.credentials.get("passkey", id)
    return row === undefined ? undefined : { row, account: rows.accounts.get(row.account) }
  })
  const refused = Effect.andThen(
    desk.news.refused(found?.account?.name, "passkey", newcomer),
    Effect.fail(because(new PasskeyRefused()))
  )
  if (found === undefined || credential.response.userHandle !== handleOf(found.row.account)) return yield* refused
  const { counter, data } = found.row
  const proven = yield* PasskeyProof.asserted(
    credential,
    { kept: PasskeyProof.decode(data), counter },
    { party, isExpected: (challenge) => desk.challenges.isGood(challenge, signingIn, askedMs) }
  )
  if (proven === undefined) return yield* refused
  const taking = take(desk, proven.challenge, signingIn)
  // Whoever sends an answer twice has tried; who finds the hub busy has not.
  const isTaken = yield* Entrance.uncounted(desk, keys)(taking)
  if (!isTaken) return yield* refused
  const nowMs = yield* Clock.currentTimeMillis
  const entered = yield* desk.store.change((rows) => {
    // Since it was looked at, the account may have been disabled, or the passkey removed or used.
    const [now, row] = [rows.accounts.get(found.row.account), rows.credentials.get("passkey", id)]
    if (now === undefined || now.isDisabled || row?.counter !== counter) return undefined
    SignInThrottle.succeed(rows, keys)
    rows.credentials.put({ ...row, counter: proven.counter, usedMs: nowMs })
    return Entrance.enter(rows, now, newcomer, nowMs)
  })
  if (entered === undefined) return yield* refused
  yield* desk.endings.tell(entered.ended)
  yield* desk.news.signedIn(entered.signedIn.account.name, "passkey", newcomer)
  return entered.signedIn
})
