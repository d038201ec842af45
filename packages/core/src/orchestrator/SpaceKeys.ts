/**
 * The keys of this node's space: opened as the charter hands them to this device, given to the journal before anything is
 * read or written with them, and, on a device that manages the space, replaced and handed on as the charter says is due.
 * What is due is `KeyDuties`' to say; what is sealed with a key the journal's.
 */
import { Clock, Context, Effect, Layer, Metric, Option, Random, Semaphore, Stream } from "effect"
import { Charter, type CharterShape, type Wording } from "../charter/Charter.ts"
import type { CharterError } from "../charter/CharterError.ts"
import { type CharterOperation, wrapsMax } from "../charter/CharterOperation.ts"
import { operationsMax } from "../charter/CharterRecord.ts"
import { keyInForce } from "../charter/CharterSeal.ts"
import type { CharterState, Device } from "../charter/CharterState.ts"
import {
  dutiesOf,
  inTurn,
  isKeeper,
  isLastAndLeft,
  isLost,
  isUndone,
  type KeyDuties,
  recipientsInTurn,
  type RotationCause,
  sealingAgain
} from "../charter/KeyDuties.ts"
import { Crypto, type CryptoFunctions } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import type { HeldKeys } from "../crypto/KeyRing.ts"
import { DeviceKeyOpener, wrap } from "../crypto/KeyWrap.ts"
import * as SpaceKey from "../crypto/SpaceKey.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import { Journal, type JournalShape } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import * as KeyOpening from "./KeyOpening.ts"

/** Before acting on what is due, at most, in milliseconds: several removals share a key, and of several devices one is first. */
export const delayMsMax = 2_000
/** How often it is looked whether a key is old, and acted again on what failed, in milliseconds. */
export const lookMs = 60_000

/** Keys that one record hands out anew, at most. */
const sharesMax = 32
/** Times that operations are made anew because somebody else wrote meanwhile. */
const triesMax = 5

/** How the space's contents are kept from those who have no key. */
export interface SealStatus {
  /**
   * `waiting` for the key in force, which a device that manages the space hands out; without a charter for the passphrase.
   * Nothing is written in the clear meanwhile.
   */
  readonly state: "open" | "sealed" | "waiting"
  /** Where this device has its keys from; `null` where it was given none and no charter says that there are any. */
  readonly sealedBy: "charter" | "passphrase" | null
  /**
   * Keys that this device has, and that the space had. Without a charter those are the ones of the passphrases that this device
   * was given, and those that stored commits lack.
   */
  readonly keysHeld: number
  readonly keys: number
  /**
   * Keys that were handed to this device and do not open: whoever manages the space and handed them out did it wrongly. A
   * later key that hands them on mends it.
   */
  readonly keysSpoilt: number
  /**
   * Stored commits that cannot be read here for want of their keys. Of a device with a passphrase: they are sealed under one
   * that it was not given.
   */
  readonly lockedCommits: number
  /** What is due; somebody who manages the space does it. */
  readonly due: RotationCause | "share" | null
}

export interface SpaceKeysShape {
  /**
   * Waits until the journal seals as the charter says now; at once where it does. Whoever is to write contents asks before. Fails where
   * the journal does not take the keys: then no contents are to be written.
   */
  readonly current: Effect.Effect<void, JournalError>
  readonly status: Effect.Effect<SealStatus, JournalError>
  /** Does now what is due and this device can do; true when it did something. By itself it waits a moment. */
  readonly settle: Effect.Effect<boolean, CharterError | JournalError>
  /**
   * Writes a record, and in the same one puts a new key in force where the operations take devices out, and hands the key to
   * those that they bring in; as far as this device manages the space and has the key. Whoever writes contents after this resolved
   * seals as the charter then says. Fails with a `JournalError` where the record was written and the journal did not take its keys:
   * write no contents then; it is tried again with the next look.
   */
  readonly write: (
    operations: ReadonlyArray<CharterOperation>,
    wording?: Wording
  ) => Effect.Effect<CharterState, CharterError | JournalError>
}

export class SpaceKeys extends Context.Service<SpaceKeys, SpaceKeysShape>()("@syncline/core/orchestrator/SpaceKeys") {}

/** What follows the charter of a sealed space. */
interface Keeper extends KeyOpening.Opening {
  readonly charter: CharterShape
  readonly journal: JournalShape
  readonly crypto: CryptoFunctions
  readonly self: PeerId.PeerId
  /** Writes records, one at a time; it may wait for the hub with that. */
  readonly writing: Semaphore.Semaphore
  /** Gives the journal the keys. It waits for nobody but the journal, so that what others write counts here at once. */
  readonly holding: Semaphore.Semaphore
  /** Has the journal open what waited, which may take long. */
  readonly unlocking: Semaphore.Semaphore
  /** What the journal holds, once it does: how many keys, and which one seals. */
  told: { readonly keys: number; readonly sealing: HeldKeys["sealing"] } | undefined
  /** What the charter said when the journal was last told, with the records that do not count. */
  toldFor: { readonly state: CharterState; readonly rivals: ReturnType<CharterShape["rivals"]> } | undefined
  /** Keys of which was told that they do not open. */
  readonly toldSpoilt: Set<SpaceKey.KeyId>
  /** With what the journal has opened what waited, and written again what it could not. */
  unlocked: Keeper["told"]
}

/** What the journal is to seal with. */
const sealingOf = (keeper: Keeper, { rivals, state }: NonNullable<Keeper["toldFor"]>): HeldKeys["sealing"] => {
  const { held } = keeper
  const inForce = keyInForce(state.seal)
  // Nothing is sealed with a key that was replaced already, though what replaced it does not count any more: whoever was taken
  // out has it.
  const wasUndone = isUndone(rivals, inForce, state.keysBeside)
  if (inForce !== undefined) {
    const isKnown = wasUndone || isLastAndLeft(state, inForce) || KeyOpening.isGoingBack(keeper, state, rivals)
    return held.has(inForce.id) && !isKnown ? inForce.id : "lacking"
  }
  // Where a key was in force once, contents were sealed: they are not again in the clear because none counts at present, nor because
  // the sealing itself does not.
  return held.size > 0 || wasUndone ? "lacking" : "none"
}

/** Nobody else sees it: a key counts as given to whoever it was wrapped for. */
const tellSpoilt = Effect.fnUntraced(function* (keeper: Keeper, state: CharterState) {
  for (const key of state.seal?.keys ?? []) {
    if (keeper.toldSpoilt.has(key.id) || !KeyOpening.isSpoilt(keeper, key)) continue
    keeper.toldSpoilt.add(key.id)
    yield* Metric.update(CoreMetrics.keysSpoilt, 1)
    const named = { key: key.id, since: key.since }
    yield* Effect.logWarning("a key of the space was handed to this device and does not open", named)
  }
})

/** Gives the journal the keys that the charter hands out now; what failed is done with the next look. */
const hold = (keeper: Keeper): Effect.Effect<void, JournalError> =>
  Effect.suspend(() => holdFor(keeper, saidBy(keeper))).pipe(keeper.holding.withPermits(1))

const saidBy = ({ charter }: Keeper): NonNullable<Keeper["toldFor"]> => ({
  state: charter.state(),
  rivals: charter.rivals()
})

const holdFor = Effect.fnUntraced(function* (keeper: Keeper, said: NonNullable<Keeper["toldFor"]>) {
  const { held, journal } = keeper
  const { rivals, state } = said
  yield* KeyOpening.open(keeper, state, rivals)
  yield* tellSpoilt(keeper, state)
  const told = { keys: held.size, sealing: sealingOf(keeper, said) }
  if (!isSame(told, keeper.told)) {
    yield* journal.hold({ keys: KeyOpening.secretsOf(keeper, state), sealing: told.sealing })
    keeper.told = told
  }
  keeper.toldFor = said
})

/** A record counts before its keys are opened: what is written between would be sealed as was said before, or not at all. */
const current = (keeper: Keeper): Effect.Effect<void, JournalError> =>
  Effect.suspend(() => {
    const { charter, toldFor } = keeper
    const isNow = toldFor?.state === charter.state() && toldFor.rivals === charter.rivals()
    return isNow ? Effect.void : hold(keeper)
  })

const isSame = (a: Keeper["told"], b: Keeper["told"]): boolean => a?.keys === b?.keys && a?.sealing === b?.sealing

/** The same, and opens what waited for them. What waits for a key to be sealed with may do so though no key comes to those held. */
const follow = Effect.fnUntraced(function* (keeper: Keeper) {
  yield* hold(keeper)
  const opening = Effect.gen(function* () {
    const { journal, told, unlocked } = keeper
    if (isSame(told, unlocked)) return
    yield* unlock(journal)
    keeper.unlocked = told
  })
  yield* keeper.unlocking.withPermits(1)(opening)
})

/** What was written counts for what is written next, also where it failed because of what others wrote. */
const thenHeld = <A, E>(keeper: Keeper, written: Effect.Effect<A, E>): Effect.Effect<A, E | JournalError> =>
  written.pipe(
    Effect.tapError(() => hold(keeper).pipe(warned("taking the keys"))),
    Effect.tap(() => hold(keeper))
  )

/** What could not be written again without the keys leaves the quarantine, and nothing leaves it without a word. */
const unlock = Effect.fnUntraced(function* (journal: JournalShape) {
  const { rewritten } = yield* journal.unlock
  if (rewritten === 0) return
  const how = { reason: "ClockAhead", how: "released" }
  yield* Metric.update(Metric.withAttributes(CoreMetrics.quarantineLeft, how), rewritten)
  yield* Effect.logInfo("own commits with a wrong time were written again, now that their key is here", { rewritten })
})

/** True for a device that may put keys in force, and can: it has the one that they stand behind, or nobody will have it. */
const canKeep = (keeper: Keeper, state: CharterState): boolean => {
  if (!isKeeper(state, state.devices.get(keeper.self))) return false
  const inForce = keyInForce(state.seal)
  if (inForce === undefined || keeper.held.has(inForce.id)) return true
  return isLost(state, inForce) || KeyOpening.isSpoilt(keeper, inForce)
}

/** What is due, as this device sees it: what is said of a key that it has been through, only who has been can know. */
const dueFor = Effect.fnUntraced(function* (keeper: Keeper, state: CharterState) {
  const { charter, unsound } = keeper
  const isKeeping = isKeeper(state, state.devices.get(keeper.self))
  const unknown = isKeeping ? KeyOpening.unknownTo(keeper, state) : []
  const now = yield* Clock.currentTimeMillis
  const duties = dutiesOf(state, now, charter.rivals(), (link) => unsound.has(link), unknown)
  const inForce = keyInForce(state.seal)
  const isHere = duties.rotate !== undefined || inForce === undefined || !isKeeping
  return isHere || !KeyOpening.isSpoilt(keeper, inForce) ? duties : { ...duties, rotate: "lost" as const }
})

/** The operations that do what is due in a state, at most so many. What is left is due still. */
const operationsFor = Effect.fnUntraced(function* (
  keeper: Keeper,
  state: CharterState,
  duties: KeyDuties,
  operationsMost: number
) {
  const { charter, crypto, held, journal, self } = keeper
  const wrapFor = (key: SpaceKey.SpaceKey, devices: ReadonlyArray<Device>): Effect.Effect<Uint8Array> =>
    wrap(
      key,
      devices.map(({ peer }) => PeerId.toPublicKey(peer)!)
    )
  const again = duties.rotate === undefined || state.seal !== undefined ? [] : [sealingAgain(charter.rivals())]
  if (operationsMost <= again.length) return []
  if (duties.rotate !== undefined) {
    const inForce = keyInForce(state.seal)
    const last = inForce === undefined ? undefined : held.get(inForce.id)
    const key = SpaceKey.draw(crypto, journal.info.space)
    const rotating: CharterOperation = {
      _tag: "RotateKey",
      key: key.commitment,
      behind: inForce?.commitment ?? null,
      before: last !== undefined && state.seal!.showsHistory ? SpaceKey.sealBefore(crypto, key, last) : null,
      wraps: yield* wrapFor(key, recipientsInTurn(state, self).slice(0, wrapsMax))
    }
    return [...again, rotating]
  }
  const sharing: Array<CharterOperation> = []
  let room = wrapsMax
  for (const { devices, key } of duties.share) {
    const secret = held.get(key.id)
    if (secret === undefined) continue
    if (room === 0 || sharing.length >= Math.min(operationsMost, sharesMax)) break
    const some = inTurn(state, devices, self).slice(0, room)
    room -= some.length
    sharing.push({ _tag: "ShareKey", key: key.commitment, wraps: yield* wrapFor(secret, some) })
  }
  return sharing
})

/** What the charter must still say for operations that were made for it. */
const expecting = ({ charter }: Keeper, wording: Wording = {}): Wording => ({
  expectedVersion: charter.state().version,
  expectedDigest: Bytes.toHex(charter.digest()),
  ...wording
})

const isMoved = (error: CharterError | JournalError): boolean => error.reason._tag === "CharterMoved"

/** Does what is due, unless somebody else did it meanwhile; true when it did something. */
const act = Effect.fnUntraced(function* (keeper: Keeper, delay: Effect.Effect<void> = Effect.void) {
  const { charter, writing } = keeper
  const due = Effect.gen(function* () {
    const wording = expecting(keeper)
    const state = charter.state()
    // What it was handed comes first: with it, it may hand on.
    yield* follow(keeper)
    const duties = yield* dueFor(keeper, state)
    const isIdle = duties.rotate === undefined && duties.share.length === 0
    return isIdle || !canKeep(keeper, state) ? undefined : { state, duties, wording }
  })
  if ((yield* writing.withPermits(1)(due)) === undefined) return false
  yield* delay
  const once = Effect.gen(function* () {
    const found = yield* due
    if (found === undefined) return false
    const { duties, state, wording } = found
    const operations = yield* operationsFor(keeper, state, duties, operationsMax)
    if (operations.length === 0) return false
    const note = duties.rotate === undefined ? "the key for further devices" : `a new key: ${duties.rotate}`
    yield* charter.write(operations, { ...wording, note })
    if (duties.rotate !== undefined) yield* Metric.update(CoreMetrics.keysRotated, 1)
    yield* follow(keeper)
    return true
  })
  const acted = Effect.retry(once, { times: triesMax - 1, while: isMoved }).pipe(writing.withPermits(1))
  return yield* thenHeld(keeper, acted)
})

/** Operations with those beside them that they make due, or by themselves where this device can do nothing about that. */
const writeWith = Effect.fnUntraced(function* (
  keeper: Keeper,
  operations: ReadonlyArray<CharterOperation>,
  wording: Wording | undefined
) {
  const { charter } = keeper
  const expected = expecting(keeper, wording)
  const present = charter.state()
  const after = yield* charter.foresee(operations)
  yield* KeyOpening.open(keeper, after, charter.rivals()).pipe(keeper.holding.withPermits(1))
  // Who goes by the same record, or is nobody any more who manages the space, leaves it to the others.
  if (!canKeep(keeper, present) || !canKeep(keeper, after)) return yield* charter.write(operations, wording)
  const duties = yield* dueFor(keeper, after)
  const more = yield* operationsFor(keeper, after, duties, operationsMax - operations.length)
  if (more.length === 0) return yield* charter.write(operations, wording)
  return yield* Effect.catchIf(
    charter.write([...operations, ...more], expected),
    // By themselves they may be done, as was foreseen: e.g. the record is too long with the key for everybody.
    ({ reason }) => reason._tag === "CharterDenied",
    () => charter.write(operations, wording)
  )
})

const warned = (what: string) => Effect.catchCause((cause) => Effect.logWarning(`${what} of the space failed`, cause))

const make = Effect.gen(function* () {
  const journal = yield* Journal
  const charter = Option.getOrUndefined(yield* Effect.serviceOption(Charter))
  const opener = Option.getOrUndefined(yield* Effect.serviceOption(DeviceKeyOpener))
  if (charter === undefined || opener === undefined) {
    // What came while it did not have the keys that it was given since.
    yield* unlock(journal).pipe(warned("opening what waited for the keys"))
    return unkept(journal, charter)
  }
  const { peer: self } = yield* DeviceKey
  const keeper: Keeper = {
    charter,
    journal,
    crypto: yield* Crypto,
    ...KeyOpening.begin(opener),
    self,
    writing: yield* Semaphore.make(1),
    holding: yield* Semaphore.make(1),
    unlocking: yield* Semaphore.make(1),
    told: undefined,
    toldFor: undefined,
    toldSpoilt: new Set(),
    unlocked: { keys: 0, sealing: "none" }
  }
  // Before anybody can write: what is written while the key is not there yet would not be sealed.
  yield* hold(keeper)
  const opening = follow(keeper).pipe(warned("opening the keys"))
  // Apart from opening what waited: a later key must not wait for that.
  for (const following of [hold(keeper).pipe(warned("taking the keys")), opening]) {
    for (const words of [Stream.map(charter.changes, () => undefined), charter.arrivals]) {
      yield* Effect.forkScoped(
        Stream.runForEach(words, () => following),
        { startImmediately: true }
      )
    }
  }
  const moment = Effect.flatMap(Random.next, (share) => Effect.sleep(share * delayMsMax))
  const acting = Effect.asVoid(act(keeper, moment))
  // What does not count may make a key due, too.
  const changed = Stream.map(Stream.merge(charter.changes, charter.arrivals), () => undefined)
  const looks = Stream.merge(changed, Stream.tick(lookMs))
  yield* Effect.forkScoped(
    Stream.runForEach(looks, () => acting.pipe(warned("keeping the keys"))),
    {
      startImmediately: true
    }
  )
  // What changed between the first look and the subscription.
  yield* opening
  return kept(keeper)
})

/**
 * Where no key is in force by the charter, what the journal was given says it: a passphrase's key, or that one is lacking. Where
 * it was given none, it waits for one as soon as it has ever kept what was sealed.
 */
const withoutKey = ({
  hasSealed,
  keys: { sealing }
}: JournalShape): Effect.Effect<SealStatus["state"], JournalError> => {
  if (sealing === "none") return Effect.map(hasSealed, (has) => (has ? "waiting" : "open"))
  return Effect.succeed(sealing === "lacking" ? "waiting" : "sealed")
}

type KeyCounts = Pick<SealStatus, "sealedBy" | "keysHeld" | "keys">

/** As the charter hands them out. */
const handedKeys = (journal: JournalShape, { seal }: CharterState): KeyCounts => {
  const keys = seal?.keys ?? []
  return {
    sealedBy: seal === undefined ? null : "charter",
    keysHeld: keys.filter(({ id }) => journal.keys.find(id) !== undefined).length,
    keys: keys.length
  }
}

/** As passphrases make them. Of those that this device was not given it knows what stored commits name. */
const givenKeys = (journal: JournalShape): Effect.Effect<KeyCounts, JournalError> =>
  Effect.map(journal.lockedKeys, (lacking) => {
    const { size } = journal.keys
    return { sealedBy: size === 0 ? null : "passphrase", keysHeld: size, keys: size + lacking.length }
  })

const statusOf = Effect.fnUntraced(function* (
  journal: JournalShape,
  state: CharterState | undefined,
  duties: KeyDuties | undefined,
  keysSpoilt = 0
) {
  const inForce = keyInForce(state?.seal)
  const { sealing } = journal.keys
  const isSealing = typeof sealing !== "string" && sealing.id === inForce?.id
  const status: SealStatus = {
    state: inForce === undefined ? yield* withoutKey(journal) : isSealing ? "sealed" : "waiting",
    ...(state === undefined ? yield* givenKeys(journal) : handedKeys(journal, state)),
    keysSpoilt,
    lockedCommits: yield* journal.lockedCount,
    due: duties?.rotate ?? (duties !== undefined && duties.share.length > 0 ? "share" : null)
  }
  return status
})

/** A node without a charter has the keys that it was given, and nobody to hand them to. */
const unkept = (journal: JournalShape, charter: CharterShape | undefined): SpaceKeysShape => ({
  current: Effect.void,
  status: Effect.gen(function* () {
    const state = charter?.state()
    const duties = state === undefined ? undefined : dutiesOf(state, yield* Clock.currentTimeMillis, charter?.rivals())
    return yield* statusOf(journal, state, duties)
  }),
  settle: Effect.succeed(false),
  write: (operations, wording) =>
    charter === undefined ? Effect.die("a space without a charter has no records") : charter.write(operations, wording)
})

const kept = (keeper: Keeper): SpaceKeysShape => {
  const { charter, journal, writing } = keeper
  return {
    current: current(keeper),
    status: Effect.gen(function* () {
      const state = charter.state()
      const spoilt = (state.seal?.keys ?? []).filter((key) => KeyOpening.isSpoilt(keeper, key))
      return yield* statusOf(journal, state, yield* dueFor(keeper, state), spoilt.length)
    }),
    settle: act(keeper),
    write: (operations, wording) => {
      const isAnyVersion = wording?.expectedVersion === undefined && wording?.expectedDigest === undefined
      const written = Effect.suspend(() => writeWith(keeper, operations, wording)).pipe(
        Effect.retry({ times: isAnyVersion ? triesMax - 1 : 0, while: isMoved }),
        // Somebody is faster every time: then the keys follow.
        Effect.catchIf(
          (error) => isAnyVersion && isMoved(error),
          () => charter.write(operations, wording)
        ),
        writing.withPermits(1)
      )
      return thenHeld(keeper, written)
    }
  }
}

/** Ready once the journal has the keys that this device was given so far. */
export const layer = Layer.effect(SpaceKeys, make)
