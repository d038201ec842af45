/**
 * What every store of a hub's rows must do, as tests: the rules `HS-n` of SPEC.md but those of the file itself.
 */
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer, type Scope } from "effect"
import * as HubRow from "../../src/hub/HubRow.ts"
import { type HubRows, HubStore, type HubStoreShape } from "../../src/hub/HubStore.ts"
import type { HubStoreError } from "../../src/hub/HubStoreError.ts"

export type MakeStore = Effect.Effect<Layer.Layer<HubStore, HubStoreError>, never, Scope.Scope>

export const account = (id: string, more: Partial<HubRow.AccountRow> = {}): HubRow.AccountRow => ({
  id,
  name: `name of ${id}`,
  role: "viewer",
  member: undefined,
  isDisabled: false,
  madeMs: 1,
  ...more
})
export const credential = (id: string, owner: string, more: Partial<HubRow.CredentialRow> = {}) => ({
  kind: "passkey" as const,
  id,
  account: owner,
  data: "key",
  madeMs: 1,
  usedMs: undefined,
  counter: 0,
  ...more
})
/** 64 hexadecimal digits for a number. */
export const hash = (n: number): string => n.toString(16).padStart(64, "0")
export const session = (n: number, owner: string, more: Partial<HubRow.SessionRow> = {}): HubRow.SessionRow => ({
  hash: hash(n),
  account: owner,
  madeMs: 1,
  signedInMs: 1,
  usedMs: n,
  userAgent: "a browser",
  remote: "::1",
  ...more
})
export const token = (id: string, owner: string, more: Partial<HubRow.TokenRow> = {}): HubRow.TokenRow => ({
  id,
  hash: hash(1),
  account: owner,
  note: "for a script",
  scopes: ["status:read"],
  madeMs: 1,
  expiresMs: 100,
  usedMs: undefined,
  ...more
})

const hashes = (rows: ReadonlyArray<HubRow.SessionRow>) => rows.map((row) => row.hash)
const ids = (rows: ReadonlyArray<{ readonly id: string }>) => rows.map(({ id }) => id)
const numbers = (from: number, upto: number) => Array.from({ length: upto - from }, (_, i) => from + i)

/** Registers one test on an empty store. */
type Rule = (
  title: string,
  body: (
    change: HubStoreShape["change"],
    read: HubStoreShape["read"]
  ) => Effect.Effect<void, HubStoreError, Scope.Scope>
) => void

/** Registers the rules as tests. */
export const hubStoreConformance = (name: string, make: MakeStore): void => {
  const rule: Rule = (title, body) => {
    it.effect(
      title,
      () =>
        Effect.gen(function* () {
          const store = Context.get(yield* Layer.build(yield* make), HubStore)
          yield* body(store.change, store.read)
        }).pipe(Effect.scoped),
      60_000
    )
  }
  accountRules(name, rule)
  boundRules(name, rule)
  sessionRules(name, rule)
  tokenRules(name, rule)
  otherRules(name, rule)
}

const reasonOf = <A>(effect: Effect.Effect<A, HubStoreError>) =>
  Effect.map(Effect.result(effect), (result) => (result._tag === "Failure" ? result.failure.reason : "done"))

const accountRules = (name: string, rule: Rule): void => {
  rule(`[HS-2] ${name}: a change is whole or nothing, also where it is its own mistake`, (change, read) =>
    Effect.gen(function* () {
      yield* change(({ accounts }) => accounts.put(account("ann")))
      const spoilt = change(({ accounts, credentials, settings }) => {
        accounts.put(account("mia"))
        accounts.remove("ann")
        settings.set("light", "on")
        credentials.put(credential("key", "nobody"))
      })
      expect(yield* reasonOf(spoilt)).toMatchObject({ _tag: "AccountUnknown", id: "nobody" })
      const broken = yield* Effect.exit(
        change(({ accounts }) => {
          accounts.put(account("mia"))
          throw new TypeError("a mistake")
        })
      )
      expect(broken).toMatchObject({ cause: { reasons: [{ _tag: "Die" }] } })
      const all = read(({ accounts, settings }) => [ids(accounts.list(undefined, 10)), settings.get("light")])
      expect(yield* all).toEqual([["ann"], undefined])
      expect(yield* change(({ accounts }) => (accounts.put(account("mia")), accounts.count()))).toBe(2)
    })
  )

  rule(`[HS-3] ${name}: accounts are found by id, name and member, and listed by name`, (change, read) =>
    Effect.gen(function* () {
      const rows = ["b", "a", "é", "\u{10000}", "\uffff", "c"].map((each, i) => account(`${i}`, { name: each }))
      yield* change(({ accounts }) => rows.forEach(accounts.put))
      const owner = account("5", { name: "c", role: "owner", member: "mia", isDisabled: true, madeMs: 7 })
      yield* change(({ accounts }) => accounts.put(owner))
      expect(yield* read(({ accounts }) => [accounts.get("5"), accounts.named("c"), accounts.get("c")])).toEqual([
        owner,
        owner,
        undefined
      ])
      const list = (after: string | undefined, limit: number) =>
        read(({ accounts }) => accounts.list(after, limit).map((row) => row.name))
      expect(yield* list(undefined, 10)).toEqual(["a", "b", "c", "é", "\uffff", "\u{10000}"])
      expect([yield* list("a", 2), yield* list("\u{10000}", 2), yield* list("bb", 1)]).toEqual([["b", "c"], [], ["c"]])
      expect(yield* list(undefined, 0)).toEqual(["a"])
      expect(yield* read(({ accounts }) => ids(accounts.ofMember("mia")))).toEqual(["5"])
      const counts = read(({ accounts }) => [
        accounts.count(),
        accounts.countEnabled("owner"),
        accounts.countEnabled("viewer")
      ])
      expect(yield* counts).toEqual([6, 0, 5])
      yield* change(({ accounts }) => accounts.put({ ...owner, isDisabled: false, member: undefined }))
      expect(yield* read(({ accounts }) => ids(accounts.ofMember("mia")))).toEqual([])
      expect(yield* counts).toEqual([6, 1, 5])
    })
  )

  rule(`[HS-3] ${name}: a name is one account's, and what is an account's goes with it`, (change, read) =>
    Effect.gen(function* () {
      const taken = change(({ accounts }) => {
        accounts.put(account("ann"))
        accounts.put(account("mia", { name: "name of ann" }))
      })
      expect(yield* reasonOf(taken)).toMatchObject({ _tag: "AccountNameTaken", name: "name of ann" })
      yield* change(({ accounts, credentials, sessions, tokens }) => {
        for (const [i, id] of ["ann", "mia"].entries()) {
          accounts.put(account(id))
          credentials.put(credential(`key of ${id}`, id))
          sessions.put(session(i, id))
          tokens.put(token(`token of ${id}`, id))
        }
        accounts.put(account("ann", { name: "another" }))
      })
      const removed = change(({ accounts }) => [accounts.remove("ann"), accounts.remove("ann")])
      expect(yield* removed).toEqual([[hash(0)], undefined])
      const left = read(({ accounts, credentials, sessions, tokens }) =>
        ["ann", "mia"].map((id) => [
          accounts.get(id) !== undefined,
          ids(credentials.ofAccount(id)),
          hashes(sessions.ofAccount(id)),
          ids(tokens.ofAccount(id))
        ])
      )
      expect(yield* left).toEqual([
        [false, [], [], []],
        [true, ["key of mia"], [hash(1)], ["token of mia"]]
      ])
      for (const put of [
        ({ credentials }: HubRows) => credentials.put(credential("k", "ann")),
        ({ sessions }: HubRows) => void sessions.put(session(1, "ann")),
        ({ tokens }: HubRows) => tokens.put(token("t", "ann"))
      ]) {
        expect(yield* reasonOf(change(put))).toMatchObject({ _tag: "AccountUnknown", id: "ann" })
      }
    })
  )

  rule(`[HS-4] ${name}: a credential is one account's, and an account has 20`, (change, read) =>
    Effect.gen(function* () {
      const used = credential("k1", "ann", { kind: "password", data: "$argon2id$", usedMs: 9, counter: 4_294_967_295 })
      yield* change(({ accounts, credentials }) => {
        for (const id of ["ann", "mia"]) accounts.put(account(id))
        credentials.put(credential("k1", "ann", { madeMs: 2 }))
        credentials.put(credential("k1", "ann", { kind: "password" }))
        credentials.put(used)
      })
      const found = read(({ credentials }) => [
        credentials.get("password", "k1"),
        credentials.get("oidc", "k1"),
        credentials.ofAccount("ann").map(({ kind }) => kind)
      ])
      expect(yield* found).toEqual([used, undefined, ["password", "passkey"]])
      const taken = change(({ credentials }) => credentials.put(credential("k1", "mia")))
      expect(yield* reasonOf(taken)).toMatchObject({ _tag: "CredentialTaken", kind: "passkey" })
      yield* change(({ credentials }) => {
        for (const n of numbers(2, HubRow.credentialsOfAccountMax)) credentials.put(credential(`n${n}`, "ann"))
        credentials.put(credential("k1", "ann", { counter: 1 }))
      })
      const more = change(({ credentials }) => credentials.put(credential("more", "ann")))
      expect(yield* reasonOf(more)).toMatchObject({ _tag: "HubRowsExhausted", limit: HubRow.credentialsOfAccountMax })
      const remove = change(({ credentials }) => [1, 2].map(() => credentials.remove("passkey", "n2")))
      expect(yield* remove).toEqual([true, false])
      yield* more
    })
  )
}

const boundRules = (name: string, rule: Rule): void => {
  rule(`[HS-3] ${name}: there are 10,000 accounts`, (change, read) =>
    Effect.gen(function* () {
      const ofNumber = (n: number) => account(`a${n}`)
      yield* change(({ accounts }) => numbers(0, HubRow.accountsMax).forEach((n) => accounts.put(ofNumber(n))))
      const more = change(({ accounts }) => accounts.put(ofNumber(HubRow.accountsMax)))
      expect(yield* reasonOf(more)).toMatchObject({ _tag: "HubRowsExhausted", rows: "accounts" })
      yield* change(({ accounts }) => accounts.put({ ...ofNumber(5), role: "owner" }))
      expect(yield* read(({ accounts }) => accounts.list(undefined, 1e6).length)).toBe(HubRow.listMax)
    })
  )

  rule(`[HS-5] ${name}: there are 20,000 sessions, and the one used longest ago makes room`, (change, read) =>
    Effect.gen(function* () {
      const each = HubRow.sessionsOfAccountMax
      const ended = yield* change(({ accounts, sessions }) =>
        numbers(0, HubRow.sessionsMax / each).flatMap((a) => {
          accounts.put(account(`a${a}`))
          return numbers(a * each, (a + 1) * each).flatMap((n) => sessions.put(session(n, `a${a}`)))
        })
      )
      expect(ended).toEqual([])
      yield* change(({ accounts }) => accounts.put(account("new")))
      const next = change(({ sessions }) => sessions.put(session(HubRow.sessionsMax, "new", { usedMs: 0 })))
      expect(yield* next).toEqual([hash(0)])
      expect(yield* read(({ sessions }) => sessions.count())).toBe(HubRow.sessionsMax)
    })
  )

  rule(`[HS-7] ${name}: 65,536 keys are counted, and the one that tried longest ago is forgotten`, (change, read) =>
    Effect.gen(function* () {
      const bump =
        (n: number, nowMs: number) =>
        ({ throttle }: HubRows) =>
          throttle.bump(hash(n), nowMs, 1e9)
      yield* change((rows) => numbers(0, HubRow.throttleKeysMax).forEach((n) => bump(n, n)(rows)))
      yield* change(bump(0, HubRow.throttleKeysMax))
      yield* change(bump(HubRow.throttleKeysMax, HubRow.throttleKeysMax))
      const known = (n: number) => read(({ throttle }) => throttle.get(hash(n))?.count)
      const all = [yield* known(0), yield* known(1), yield* known(2), yield* known(HubRow.throttleKeysMax)]
      expect(all).toEqual([2, undefined, 1, 1])
    })
  )

  rule(`[HS-6] [HS-8] ${name}: there are 10,000 tokens and 4,096 settings`, (change) =>
    Effect.gen(function* () {
      yield* change(({ accounts, tokens }) => {
        for (const n of numbers(0, HubRow.tokensMax)) {
          const owner = `a${Math.floor(n / HubRow.tokensOfAccountMax)}`
          if (n % HubRow.tokensOfAccountMax === 0) accounts.put(account(owner))
          tokens.put(token(`t${n}`, owner))
        }
        accounts.put(account("new"))
      })
      const more = change(({ tokens }) => tokens.put(token("more", "new")))
      expect(yield* reasonOf(more)).toMatchObject({ _tag: "HubRowsExhausted", rows: "tokens" })
      yield* change(({ tokens }) => tokens.put(token("t7", "a0", { note: "changed" })))
      yield* change(({ settings }) => numbers(0, HubRow.settingsMax).forEach((n) => settings.set(`k${n}`, "")))
      const another = change(({ settings }) => settings.set("more", ""))
      expect(yield* reasonOf(another)).toMatchObject({ _tag: "HubRowsExhausted", rows: "settings" })
      yield* change(({ settings }) => settings.set("k7", "changed"))
    })
  )
}

const sessionRules = (name: string, rule: Rule): void => {
  rule(`[HS-5] ${name}: an account has 50 sessions; the one used longest ago makes room and is told`, (change, read) =>
    Effect.gen(function* () {
      yield* change(({ accounts, sessions }) => {
        accounts.put(account("ann"))
        for (const n of numbers(0, HubRow.sessionsOfAccountMax)) sessions.put(session(n, "ann"))
      })
      expect(yield* change(({ sessions }) => sessions.put(session(0, "ann", { usedMs: 1_000 })))).toEqual([])
      // A new one stays, also where it is the one that was used longest ago.
      expect(yield* change(({ sessions }) => sessions.put(session(99, "ann", { usedMs: 0 })))).toEqual([hash(1)])
      const [first, ...others] = yield* read(({ sessions }) => sessions.ofAccount("ann"))
      expect(first).toEqual(session(0, "ann", { usedMs: 1_000 }))
      expect([others.length, others.at(-1)!.hash]).toEqual([HubRow.sessionsOfAccountMax - 1, hash(99)])
    })
  )

  rule(`[HS-5] ${name}: sessions end one by one, all of an account, and by their times, and are told`, (change, read) =>
    Effect.gen(function* () {
      yield* change(({ accounts, sessions }) => {
        for (const id of ["ann", "mia"]) accounts.put(account(id))
        for (const n of numbers(1, 6)) sessions.put(session(n, "ann", { usedMs: n * 10, signedInMs: 100 - n }))
        sessions.put(session(9, "mia", { usedMs: 90, signedInMs: 200 }))
      })
      expect(yield* change(({ sessions }) => [1, 1].map((n) => sessions.remove(hash(n))))).toEqual([true, false])
      expect(yield* change(({ sessions }) => sessions.removeBefore(20, 0))).toEqual([])
      expect(yield* change(({ sessions }) => sessions.removeBefore(21, 96))).toEqual([hash(5), hash(2)])
      expect(yield* change(({ sessions }) => sessions.removeOf("ann", hash(3)))).toEqual([hash(4)])
      expect(yield* change(({ sessions }) => sessions.removeOf("ann"))).toEqual([hash(3)])
      expect(yield* read(({ sessions }) => [sessions.count(), sessions.get(hash(9))?.account])).toEqual([1, "mia"])
    })
  )
}

const tokenRules = (name: string, rule: Rule): void => {
  rule(`[HS-6] ${name}: an account has 200 tokens; those that are over are told`, (change, read) =>
    Effect.gen(function* () {
      const whole = token("a1", "ann", { scopes: ["a", "b"], usedMs: 7, note: "née", madeMs: 3, expiresMs: 50 })
      yield* change(({ accounts, tokens }) => {
        for (const id of ["ann", "mia"]) accounts.put(account(id))
        for (const n of numbers(0, HubRow.tokensOfAccountMax)) tokens.put(token(`a${n}`, "ann"))
        tokens.put(whole)
        tokens.put(token("b", "mia", { scopes: [], expiresMs: 60 }))
      })
      const more = change(({ tokens }) => tokens.put(token("more", "ann")))
      expect(yield* reasonOf(more)).toMatchObject({ _tag: "HubRowsExhausted", limit: HubRow.tokensOfAccountMax })
      const moved = change(({ tokens }) => tokens.put(token("b", "ann")))
      expect(yield* reasonOf(moved)).toMatchObject({ _tag: "HubRowsExhausted" })
      expect(yield* read(({ tokens }) => [tokens.get("a1"), tokens.get("none")])).toEqual([whole, undefined])
      expect(yield* read(({ tokens }) => ids(tokens.ofAccount("ann")).slice(-1))).toEqual(["a1"])
      expect(yield* read(({ tokens }) => [ids(tokens.list("a97", 3)), tokens.count()])).toEqual([
        ["a98", "a99", "b"],
        HubRow.tokensOfAccountMax + 1
      ])
      expect(yield* change(({ tokens }) => [tokens.removeExpired(49), tokens.removeExpired(50)])).toEqual([[], ["a1"]])
      expect(yield* change(({ tokens }) => [tokens.remove("b"), tokens.remove("b")])).toEqual([true, false])
    })
  )
}

const otherRules = (name: string, rule: Rule): void => {
  rule(`[HS-7] ${name}: attempts are counted by key, and begin anew after a rest`, (change, read) =>
    Effect.gen(function* () {
      const bump = (n: number, nowMs: number) => change(({ throttle }) => throttle.bump(hash(n), nowMs, 100))
      yield* bump(1, 1_000)
      yield* bump(2, 1_000)
      expect(yield* bump(1, 1_099)).toEqual({ count: 2, firstMs: 1_000, lastMs: 1_099 })
      expect(yield* bump(1, 1_198)).toEqual({ count: 3, firstMs: 1_000, lastMs: 1_198 })
      // A clock that was ahead holds nobody up.
      expect(yield* bump(1, 500)).toEqual({ count: 4, firstMs: 1_000, lastMs: 500 })
      expect(yield* read(({ throttle }) => throttle.get(hash(1))?.count)).toBe(4)
      expect(yield* bump(1, 600)).toEqual({ count: 1, firstMs: 600, lastMs: 600 })
      yield* change(({ throttle }) => throttle.clear(hash(1)))
      const both = read(({ throttle }) => [throttle.get(hash(1)), throttle.get(hash(2))?.count])
      expect(yield* both).toEqual([undefined, 1])
    })
  )

  rule(`[HS-8] ${name}: settings are texts under keys, listed by how they begin`, (change, read) =>
    Effect.gen(function* () {
      const long = "ü".repeat(HubRow.settingCharsMax)
      yield* change(({ settings }) => {
        for (const key of ["draft/mia", "draft/ann", "draftt", "log%", "log_"]) settings.set(key, "1")
        settings.set("log%", long)
      })
      const keys = (prefix: string) => read(({ settings }) => settings.keys(prefix))
      expect([yield* keys("draft/"), yield* keys("log%"), yield* keys("x")]).toEqual([
        ["draft/ann", "draft/mia"],
        ["log%"],
        []
      ])
      expect((yield* keys("")).length).toBe(5)
      expect(yield* read(({ settings }) => settings.get("log%") === long)).toBe(true)
      expect(yield* change(({ settings }) => [1, 2].map(() => settings.remove("log%")))).toEqual([true, false])
      expect(yield* read(({ settings }) => settings.get("log%"))).toBeUndefined()
    })
  )

  const unfit: ReadonlyArray<readonly [string, (rows: HubRows) => unknown]> = [
    ["id", ({ accounts }) => accounts.put(account(""))],
    ["name", ({ accounts }) => accounts.put(account("x", { name: "n".repeat(HubRow.accountNameCharsMax + 1) }))],
    ["name", ({ accounts }) => accounts.put(account("x", { name: "\ud800" }))],
    ["role", ({ accounts }) => accounts.put(account("x", { role: "" }))],
    ["member", ({ accounts }) => accounts.put(account("x", { member: "m".repeat(65) }))],
    ["madeMs", ({ accounts }) => accounts.put(account("x", { madeMs: -1 }))],
    ["kind", ({ credentials }) => credentials.put({ ...credential("k", "ann"), kind: "sms" as "oidc" })],
    ["id", ({ credentials }) => credentials.put(credential("k".repeat(HubRow.credentialIdCharsMax + 1), "ann"))],
    [
      "data",
      ({ credentials }) =>
        credentials.put(credential("k", "ann", { data: "d".repeat(HubRow.credentialDataCharsMax + 1) }))
    ],
    ["counter", ({ credentials }) => credentials.put(credential("k", "ann", { counter: 2 ** 32 }))],
    ["usedMs", ({ credentials }) => credentials.put(credential("k", "ann", { usedMs: 0.5 }))],
    ["hash", ({ sessions }) => sessions.put(session(1, "ann", { hash: "A".repeat(64) }))],
    ["userAgent", ({ sessions }) => sessions.put(session(1, "ann", { userAgent: "u".repeat(201) }))],
    ["remote", ({ sessions }) => sessions.put(session(1, "ann", { remote: "r".repeat(65) }))],
    ["signedInMs", ({ sessions }) => sessions.put(session(1, "ann", { signedInMs: Number.NaN }))],
    ["hash", ({ tokens }) => tokens.put(token("t", "ann", { hash: "" }))],
    ["note", ({ tokens }) => tokens.put(token("t", "ann", { note: "n".repeat(HubRow.noteCharsMax + 1) }))],
    ["scopes", ({ tokens }) => tokens.put(token("t", "ann", { scopes: Array(HubRow.scopesMax + 1).fill("s") }))],
    ["scopes", ({ tokens }) => tokens.put(token("t", "ann", { scopes: ["s".repeat(65)] }))],
    ["expiresMs", ({ tokens }) => tokens.put(token("t", "ann", { expiresMs: 1e300 }))],
    ["key", ({ throttle }) => throttle.bump("::1", 1, 1)],
    ["nowMs", ({ throttle }) => throttle.bump(hash(1), -1, 1)],
    ["key", ({ settings }) => settings.set("", "v")],
    ["key", ({ settings }) => settings.set("clé", "v")],
    ["key", ({ settings }) => settings.set("k".repeat(HubRow.settingKeyCharsMax + 1), "v")],
    ["value", ({ settings }) => settings.set("k", "v".repeat(HubRow.settingCharsMax + 1))]
  ]
  rule(`[HS-9] ${name}: a row that cannot be kept is refused by the field, and nothing of it is kept`, (change, read) =>
    Effect.gen(function* () {
      yield* change(({ accounts }) => accounts.put(account("ann")))
      for (const [field, put] of unfit) {
        expect(yield* reasonOf(change(put))).toMatchObject({ _tag: "HubRowUnfit", field })
      }
      const left = read(({ accounts, credentials, sessions, settings, tokens }) => [
        accounts.count(),
        credentials.ofAccount("ann").length + sessions.count() + tokens.count() + settings.keys("").length
      ])
      expect(yield* left).toEqual([1, 0])
    })
  )
}
