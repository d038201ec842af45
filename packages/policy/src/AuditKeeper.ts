/**
 * Writes what a policy decided into the audit, once a second and in one go, so that no decision waits for a disk. Every
 * refusal is kept, and every permission, and everything that is passed over in every session, when it comes first under a
 * version of the policy; the same within a second is one entry that counts. What has no room is counted: at a time here, in the long
 * run by `AuditShares`. What an entry is made of is `AuditChain`'s, where it lies `AuditStore`'s.
 */
import { AuditStore, Crypto, DeviceKey, type Gate, type JournalError, Occupancy, PeerId } from "@syncline/core"
import { Clock, Effect, Option, type Scope } from "effect"
import * as AuditChain from "./AuditChain.ts"
import { AuditOverflow } from "./AuditOverflow.ts"
import { AuditShares } from "./AuditShares.ts"

/** Different decisions that wait to be written; what comes beyond is counted in an entry of its own. */
export const pendingMax = 4_096
/** Different refusals of one peer among them; what comes beyond is counted, or it would drive out what is said of others. */
export const refusalsOfPeerMax = 1_024
/** Refusals of all peers among them; beyond it each peer has room for its first few, and purges have room, too. */
export const refusalsPendingMax = 2_048
/** Different refusals of one peer that are kept although others have taken that room. */
export const refusalsOfPeerMin = 16
/** Permissions among them: whoever syncs thousands of partitions for the first time drives out no refusal. */
export const permissionsPendingMax = 2_048
/** How often they are written, in milliseconds. */
export const writeEveryMs = 1_000
/** Decisions that are remembered as kept for their version; beyond it all are forgotten, and kept once more. */
export const onceMax = 65_536
/** Entries that an audit holds unless it is told otherwise: about 80 MB. */
export const entriesMaxDefault = 200_000
/** Oldest entries go together once they are this share more than may be held. */
const slack = 0.1

/** Permissions of these kinds come with every record, so one under a version says it all. */
const keptOnce: ReadonlySet<Gate.AuditedAction["action"]> = new Set(["send", "receive", "write"])

export interface AuditOptions {
  /** Entries that the audit holds, 1,000 to 100,000,000; the oldest make room, behind a signed checkpoint. Default 200,000. */
  readonly entriesMax?: number | undefined
}

export type Tell = (action: Gate.AuditedAction) => Effect.Effect<void>

/** Tells the audit, until the scope closes. Where no store is composed nothing is kept. Throws a `RangeError` for a bound out of range. */
export const make = ({ entriesMax = entriesMaxDefault }: AuditOptions = {}): Effect.Effect<
  Tell,
  never,
  Scope.Scope
> => {
  if (!(Number.isInteger(entriesMax) && entriesMax >= 1_000 && entriesMax <= 100_000_000)) {
    throw new RangeError(`entriesMax is ${entriesMax}; it must be a whole number from 1,000 to 100,000,000`)
  }
  return Effect.gen(function* () {
    const store = yield* Effect.serviceOption(AuditStore.AuditStore)
    const crypto = yield* Effect.serviceOption(Crypto.Crypto)
    const signer = yield* Effect.serviceOption(DeviceKey.DeviceKey)
    if (Option.isNone(store) || Option.isNone(crypto) || Option.isNone(signer)) return () => Effect.void
    const keeper = new AuditKeeper(store.value, crypto.value, signer.value, entriesMax)
    yield* Occupancy.watch([
      { kind: "queue", name: "audit_pending", limit: pendingMax, length: () => keeper.pending },
      { kind: "cache", name: "audit_permissions", limit: onceMax, length: () => keeper.once }
    ])
    yield* Effect.addFinalizer(() => written(keeper, true))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(writeEveryMs), written(keeper, false))))
    const tell: Tell = (action) => Effect.map(Clock.currentTimeMillis, (atMs) => keeper.add(atMs, action))
    return tell
  })
}

/** A full disk keeps entries waiting; they are tried again. */
const written = (keeper: AuditKeeper, isClosing: boolean): Effect.Effect<void> =>
  keeper.write(isClosing).pipe(
    Effect.catchTag("JournalError", (error) => Effect.logWarning("the audit could not be written", error)),
    Effect.catchDefect((defect) => Effect.logError("the audit could not be written", defect))
  )

type Facts = { -readonly [K in keyof AuditChain.AuditFacts]: AuditChain.AuditFacts[K] }

/** Where a chain goes on, and up to which entry it is cut off. */
const endsOf = ({ checkpoint, last }: AuditStore.AuditEnds): { last: AuditChain.AuditStart; cut: number } => {
  const behind = checkpoint === undefined ? undefined : AuditChain.checkpointOfText(checkpoint)
  const start = behind ?? AuditChain.beginning
  // An entry that cannot be read is shown by whoever verifies; what comes after it is kept all the same.
  const end = last === undefined ? start : { number: last.number, hash: AuditChain.ofText(last.text)?.hash ?? "" }
  return { last: end, cut: start.number }
}

class AuditKeeper {
  readonly #store: AuditStore.AuditStoreShape
  readonly #crypto: Crypto.CryptoFunctions
  readonly #signer: Crypto.Signer
  readonly #entriesMax: number
  readonly #pending = new Map<string, Facts>()
  /** What is kept once under a version, and was. */
  readonly #once = new Set<string>()
  /** Different refusals that wait, by peer. */
  readonly #refusals = new Map<PeerId.PeerId, number>()
  /** Those of all peers. */
  #refused = 0
  readonly #shares: AuditShares
  /** What was only counted: of peers with too much, and, under this device's own name, of all. */
  readonly #overflow: AuditOverflow
  readonly #self: PeerId.PeerId
  /** Made, and not yet known to be written. */
  #entries: ReadonlyArray<AuditChain.AuditEntry> = []
  /** Where the chain ends, and behind what it begins; not read yet when `undefined`. */
  #ends: { last: AuditChain.AuditStart; cut: number } | undefined

  constructor(
    store: AuditStore.AuditStoreShape,
    crypto: Crypto.CryptoFunctions,
    signer: Crypto.Signer,
    entriesMax: number
  ) {
    this.#store = store
    this.#crypto = crypto
    this.#signer = signer
    this.#entriesMax = entriesMax
    this.#shares = new AuditShares(entriesMax)
    this.#self = PeerId.fromPublicKey(signer.publicKey)
    this.#overflow = new AuditOverflow(this.#self)
  }

  get pending(): number {
    return this.#pending.size + this.#entries.length
  }

  get once(): number {
    return this.#once.size
  }

  add(atMs: number, audited: Gate.AuditedAction): void {
    const { action, decision, detail, isPassedOver = false, peer } = audited
    const { allowed, because, policyVersion, rule } = decision
    const key = `${action}\n${peer}\n${String(allowed)}\n${policyVersion}\n${rule}\n${detail}`
    // Who is let in, what was purged, and what people did, is worth an entry each time.
    const isOnce = allowed ? keptOnce.has(action) : isPassedOver
    if (isOnce && this.#once.has(key)) return
    const waiting = this.#pending.get(key)
    if (waiting !== undefined) return void waiting.times++
    if (this.pending >= pendingMax) return this.#overflow.add(this.#self, audited)
    // It is not remembered, so it is kept when it is given again.
    if (allowed && isOnce && this.#pending.size >= permissionsPendingMax) return this.#overflow.add(peer, audited)
    if (!allowed && !this.#hasRoomFor(peer)) return this.#overflow.add(peer, audited)
    const share = this.#shares.take(atMs, audited, isOnce)
    if (share !== "taken") return this.#overflow.add(share === "full for strangers" ? this.#self : peer, audited)
    if (!allowed) {
      this.#refusals.set(peer, (this.#refusals.get(peer) ?? 0) + 1)
      this.#refused++
    }
    // An answer may say more, of which an entry knows nothing.
    this.#pending.set(key, {
      atMs,
      action,
      peer,
      decision: { allowed, rule, policyVersion, because },
      detail,
      times: 1
    })
    if (isOnce) this.#remember(key)
  }

  /** Among the refusals that wait. */
  #hasRoomFor(peer: PeerId.PeerId): boolean {
    const isCrowded = this.#refused >= refusalsPendingMax
    return (this.#refusals.get(peer) ?? 0) < (isCrowded ? refusalsOfPeerMin : refusalsOfPeerMax)
  }

  /** Writes what waits, and drops the oldest entries beyond the bound. */
  write(isClosing: boolean): Effect.Effect<void, JournalError.JournalError> {
    return this.#write(isClosing)
  }

  #remember(key: string): void {
    if (this.#once.size >= onceMax) this.#once.clear()
    this.#once.add(key)
  }

  readonly #write = Effect.fnUntraced(function* (this: AuditKeeper, isClosing: boolean) {
    const nowMs = yield* Clock.currentTimeMillis
    if (this.pending === 0 && this.#overflow.isEmpty) return
    this.#ends ??= endsOf(yield* this.#store.ends)
    // What failed may have been written all the same.
    const written = this.#ends.last.number
    this.#entries = this.#entries.filter(({ number }) => number > written)
    if (this.#entries.length === 0) this.#entries = this.#chained(this.#ends.last, nowMs, isClosing)
    if (this.#entries.length === 0) return
    const rows = this.#entries.map((entry) => ({ number: entry.number, text: AuditChain.toText(entry) }))
    yield* Effect.onError(this.#store.append(rows), () => Effect.sync(() => (this.#ends = undefined)))
    this.#ends.last = this.#entries.at(-1)!
    this.#entries = []
    const { cut, last } = this.#ends
    if (last.number - cut > this.#entriesMax * (1 + slack)) yield* this.#cut(last.number - this.#entriesMax, nowMs)
  }, Effect.uninterruptible)

  #chained(last: AuditChain.AuditStart, nowMs: number, isClosing: boolean): ReadonlyArray<AuditChain.AuditEntry> {
    const facts = [...this.#pending.values(), ...this.#overflow.take(nowMs, isClosing)]
    this.#pending.clear()
    this.#refusals.clear()
    this.#refused = 0
    const entries: Array<AuditChain.AuditEntry> = []
    for (const each of facts) entries.push(AuditChain.next(this.#crypto.sha256, entries.at(-1) ?? last, each))
    return entries
  }

  readonly #cut = Effect.fnUntraced(function* (this: AuditKeeper, upto: number, nowMs: number) {
    const [row] = yield* this.#store.page(upto - 1, 1)
    const entry = row === undefined ? undefined : AuditChain.ofText(row.text)
    // Behind an entry that cannot be read no checkpoint would be true; the next one will do.
    if (entry === undefined || entry.number !== upto) return
    const checkpoint = AuditChain.checkpoint(this.#signer, entry, nowMs)
    yield* this.#store.cut(upto, JSON.stringify(checkpoint))
    this.#ends!.cut = upto
  })
}
