/**
 * The keys of this node's space: opened as the charter hands them to this device, given to the journal before anything is
 * read or written with them, and, on a device that manages the space, replaced and handed on as the charter says is due.
 * What is due is `KeyDuties`' to say; what is sealed with a key the journal's.
 */
import { Clock, Context, Effect, Layer, Metric, Option, Random, Semaphore, Stream } from "effect"
import { Charter, type CharterShape, type Wording } from "../charter/Charter.ts"
import type { CharterError } from "../charter/CharterError.ts"
import { type CharterOperation, managingLevel, wrapsMax } from "../charter/CharterOperation.ts"
import { keyInForce } from "../charter/CharterSeal.ts"
import { type CharterState, levelOf, memberOf } from "../charter/CharterState.ts"
import { dutiesOf, type KeyDuties, recipients } from "../charter/KeyDuties.ts"
import { Crypto, type CryptoFunctions } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import type { HeldKeys } from "../crypto/KeyRing.ts"
import { DeviceKeyOpener, type KeyOpener, wrap } from "../crypto/KeyWrap.ts"
import * as SpaceKey from "../crypto/SpaceKey.ts"
import * as PeerId from "../identity/PeerId.ts"
import { Journal, type JournalShape } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"

/** Before acting on what is due, at most, in milliseconds: several removals share a key, and of several devices one is first. */
export const delayMsMax = 2_000
/** How often it is looked whether a key is old, and acted again on what failed, in milliseconds. */
export const lookMs = 60_000

/** How the space's contents are kept from those who have no key. */
export interface SealStatus {
  /** `waiting` for the key in force, which a device that manages the space hands out. */
  readonly state: "open" | "sealed" | "waiting"
  /** Keys that this device has, and that the space had. */
  readonly keysHeld: number
  readonly keys: number
  /** Stored commits that cannot be read here for want of their keys. */
  readonly lockedCommits: number
  /** What is due; somebody who manages the space does it. */
  readonly due: "first" | "removed" | "period" | "share" | null
}

export interface SpaceKeysShape {
  readonly status: Effect.Effect<SealStatus, JournalError>
  /** Does now what is due and this device can do; true when it did something. By itself it waits a moment. */
  readonly settle: Effect.Effect<boolean, CharterError | JournalError>
  /**
   * Writes a record, and in the same one puts a new key in force where the operations take devices out, and hands the key to
   * those that they bring in; as far as this device manages the space and has the key.
   */
  readonly write: (
    operations: ReadonlyArray<CharterOperation>,
    wording?: Wording
  ) => Effect.Effect<CharterState, CharterError>
}

export class SpaceKeys extends Context.Service<SpaceKeys, SpaceKeysShape>()("@syncline/core/orchestrator/SpaceKeys") {}

/** Keys as far as they were opened. */
interface Opening {
  readonly opener: KeyOpener
  /** Keys that were opened, also those of records that do not count any more: something may have been sealed with them. */
  readonly held: Map<SpaceKey.KeyId, SpaceKey.SpaceKey>
  /** Lists of wraps that were looked through, by key. */
  readonly looked: Map<SpaceKey.KeyId, number>
}

/** What follows the charter of a sealed space. */
interface Keeper extends Opening {
  readonly charter: CharterShape
  readonly journal: JournalShape
  readonly crypto: CryptoFunctions
  readonly self: PeerId.PeerId
  /** What the journal was told last to seal with. */
  sealing: HeldKeys["sealing"] | undefined
}

/** Opens what the charter hands to this device; true when a key came. */
const openKeys = Effect.fnUntraced(function* ({ held, looked, opener }: Opening, state: CharterState) {
  const keys = state.seal?.keys ?? []
  const before = held.size
  for (let i = keys.length - 1; i >= 0; i--) {
    const { commitment, id, wraps } = keys[i]!
    const from = looked.get(id) ?? 0
    if (!held.has(id) && wraps.length > from) {
      looked.set(id, wraps.length)
      const key = yield* opener.open(state.space, commitment, wraps.slice(from))
      if (key !== undefined) held.set(id, key)
    }
    const key = held.get(id)
    const earlier = keys[i - 1]
    if (key === undefined || earlier === undefined || held.has(earlier.id) || keys[i]!.before === undefined) continue
    const opened = SpaceKey.openBefore(key, earlier.commitment, keys[i]!.before!)
    if (opened !== undefined) held.set(earlier.id, opened)
  }
  return held.size > before
})

/** All keys that a charter hands to a device, for reading. */
export const heldIn = (state: CharterState, opener: KeyOpener): Effect.Effect<HeldKeys> => {
  const held: Opening["held"] = new Map()
  return Effect.map(openKeys({ opener, held, looked: new Map() }, state), () => ({
    keys: [...held.values()].map(({ secret }) => secret),
    sealing: "lacking"
  }))
}

/** Gives the journal the keys, and opens what waited for them. */
const follow = Effect.fnUntraced(function* (keeper: Keeper, state: CharterState) {
  const { held, journal } = keeper
  const isMore = yield* openKeys(keeper, state)
  const inForce = keyInForce(state.seal)
  const sealing = inForce === undefined ? "none" : held.has(inForce.id) ? inForce.id : "lacking"
  if (isMore || sealing !== keeper.sealing) {
    yield* journal.hold({ keys: [...held.values()].map(({ secret }) => secret), sealing })
    keeper.sealing = sealing
  }
  if (isMore) yield* journal.unlock
})

/** True for a device that may put keys in force, and can: it has the one that they stand behind. */
const canKeep = ({ held, self }: Keeper, state: CharterState): boolean => {
  const member = memberOf(state, self)
  if (member === undefined || self === state.hub || state.devices.get(self)!.isPaused) return false
  const inForce = keyInForce(state.seal)
  return levelOf(state, member) >= managingLevel && (inForce === undefined || held.has(inForce.id))
}

/** The operations that do what is due in a state. */
const operationsFor = Effect.fnUntraced(function* (keeper: Keeper, state: CharterState, duties: KeyDuties) {
  const { crypto, held, journal } = keeper
  const operations: Array<CharterOperation> = []
  const keyBytes = (peer: PeerId.PeerId): Uint8Array => PeerId.toPublicKey(peer)!
  if (duties.rotate !== undefined) {
    const inForce = keyInForce(state.seal)
    const last = inForce === undefined ? undefined : held.get(inForce.id)
    const key = SpaceKey.draw(crypto, journal.info.space)
    const devices = recipients(state).slice(0, wrapsMax)
    operations.push({
      _tag: "RotateKey",
      key: key.commitment,
      behind: inForce?.commitment ?? null,
      before: last !== undefined && state.seal!.showsHistory ? SpaceKey.sealBefore(crypto, key, last) : null,
      wraps: yield* wrap(
        key,
        devices.map(({ peer }) => keyBytes(peer))
      )
    })
    return operations
  }
  for (const { devices, key } of duties.share) {
    const secret = held.get(key.id)
    if (secret === undefined) continue
    const wraps = yield* wrap(
      secret,
      devices.slice(0, wrapsMax).map(({ peer }) => keyBytes(peer))
    )
    operations.push({ _tag: "ShareKey", key: key.commitment, wraps })
    // One list fills a record; what is left is due still.
    if (devices.length > wrapsMax / 2) break
  }
  return operations
})

/** Does what is due, unless somebody else did it meanwhile; true when it did something. */
const act = Effect.fnUntraced(function* (
  keeper: Keeper,
  oneByOne: Semaphore.Semaphore,
  delay: Effect.Effect<void> = Effect.void
) {
  const { charter } = keeper
  // What it was handed comes first: with it, it may hand on.
  yield* Effect.suspend(() => follow(keeper, charter.state())).pipe(oneByOne.withPermits(1))
  const isDue = Effect.gen(function* () {
    const state = charter.state()
    const duties = dutiesOf(state, yield* Clock.currentTimeMillis)
    const isIdle = duties.rotate === undefined && duties.share.length === 0
    return isIdle || !canKeep(keeper, state) ? undefined : { state, duties }
  })
  if ((yield* isDue) === undefined) return false
  yield* delay
  return yield* Effect.gen(function* () {
    const due = yield* isDue
    if (due === undefined) return false
    const operations = yield* operationsFor(keeper, due.state, due.duties)
    if (operations.length === 0) return false
    const note = due.duties.rotate === undefined ? "the key for further devices" : `a new key: ${due.duties.rotate}`
    yield* charter.write(operations, { note })
    if (due.duties.rotate !== undefined) yield* Metric.update(CoreMetrics.keysRotated, 1)
    yield* follow(keeper, charter.state())
    return true
  }).pipe(oneByOne.withPermits(1))
})

const make = Effect.gen(function* () {
  const journal = yield* Journal
  const charter = Option.getOrUndefined(yield* Effect.serviceOption(Charter))
  const opener = Option.getOrUndefined(yield* Effect.serviceOption(DeviceKeyOpener))
  if (charter === undefined || opener === undefined) return unkept(journal, charter)
  const { peer: self } = yield* DeviceKey
  const keeper: Keeper = {
    charter,
    journal,
    crypto: yield* Crypto,
    opener,
    self,
    held: new Map(),
    looked: new Map(),
    sealing: undefined
  }
  const oneByOne = yield* Semaphore.make(1)
  const followNow = Effect.suspend(() => follow(keeper, charter.state())).pipe(oneByOne.withPermits(1))
  // Before anybody can write: what is written while the key is not there yet would not be sealed.
  yield* followNow
  const warned = (what: string) => Effect.catchCause((cause) => Effect.logWarning(`${what} of the space failed`, cause))
  yield* Effect.forkScoped(
    Stream.runForEach(charter.changes, () => followNow.pipe(warned("opening the keys"))),
    { startImmediately: true }
  )
  const changed = Stream.map(charter.changes, () => undefined)
  const moment = Effect.flatMap(Random.next, (share) => Effect.sleep(share * delayMsMax))
  const acting = Effect.asVoid(act(keeper, oneByOne, moment))
  const looks = Stream.merge(changed, Stream.tick(lookMs))
  yield* Effect.forkScoped(
    Stream.runForEach(looks, () => acting.pipe(warned("keeping the keys"))),
    {
      startImmediately: true
    }
  )
  // What changed between the first look and the subscription.
  yield* followNow
  return kept(keeper, oneByOne)
})

const statusOf = Effect.fnUntraced(function* (journal: JournalShape, state: CharterState | undefined) {
  const lockedCommits = yield* journal.lockedCount
  const keys = state?.seal?.keys ?? []
  const inForce = keyInForce(state?.seal)
  const isHeld = inForce !== undefined && journal.keys.find(inForce.id) !== undefined
  const duties = state === undefined ? undefined : dutiesOf(state, yield* Clock.currentTimeMillis)
  const status: SealStatus = {
    state: inForce === undefined ? "open" : isHeld ? "sealed" : "waiting",
    keysHeld: keys.filter(({ id }) => journal.keys.find(id) !== undefined).length,
    keys: keys.length,
    lockedCommits,
    due: duties?.rotate ?? (duties !== undefined && duties.share.length > 0 ? "share" : null)
  }
  return status
})

/** A node without a charter has the keys that it was given, and nobody to hand them to. */
const unkept = (journal: JournalShape, charter: CharterShape | undefined): SpaceKeysShape => ({
  status: Effect.suspend(() => statusOf(journal, charter?.state())),
  settle: Effect.succeed(false),
  write: (operations, wording) =>
    charter === undefined ? Effect.die("a space without a charter has no records") : charter.write(operations, wording)
})

const kept = (keeper: Keeper, oneByOne: Semaphore.Semaphore): SpaceKeysShape => {
  const { charter, journal } = keeper
  return {
    status: Effect.suspend(() => statusOf(journal, charter.state())),
    settle: act(keeper, oneByOne),
    write: (operations, wording) =>
      Effect.gen(function* () {
        const after = yield* charter.foresee(operations)
        const duties = dutiesOf(after, yield* Clock.currentTimeMillis)
        const more = canKeep(keeper, charter.state()) ? yield* operationsFor(keeper, after, duties) : []
        return yield* charter.write([...operations, ...more], wording)
      }).pipe(oneByOne.withPermits(1))
  }
}

/** Ready once the journal has the keys that this device was given so far. */
export const layer = Layer.effect(SpaceKeys, make)
