/**
 * Keeping a journal and a mailbox in step: reads what others left there, says what is missing, writes what they lack. Each step
 * is complete in itself and may be the last; the next one, of this start or a later one, goes on from what was stored.
 */
import { Clock, Effect, Option } from "effect"
import { Charter } from "../charter/Charter.ts"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import { FileSeal } from "../crypto/FileSeal.ts"
import { Gate } from "../gate/Gate.ts"
import type { DeleteLimits } from "../journal/DeleteWatch.ts"
import { Journal } from "../journal/Journal.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as RangeTree from "../reconcile/RangeTree.ts"
import type { Mailbox } from "./Mailbox.ts"
import { nameOf } from "./MailboxFiles.ts"
import * as MailboxName from "./MailboxName.ts"
import * as MailboxReading from "./MailboxReading.ts"
import * as MailboxRepair from "./MailboxRepair.ts"
import * as MailboxState from "./MailboxState.ts"
import { type MailboxWork, others, ownTag, sharedWith } from "./MailboxWork.ts"
import * as MailboxWriting from "./MailboxWriting.ts"

export interface MailboxSyncOptions {
  readonly mailbox: Mailbox
  readonly aheadMsMax: number
  readonly deleteLimits: DeleteLimits
  /** True for a paused device: nothing is read of it, and nothing written for it. */
  readonly isPaused: (peer: PeerId) => boolean
  /** Is told what became of each portion that was read. */
  readonly notify: MailboxWork["notify"]
}

/** How another device stands by what it left in the mailbox. */
export interface MailboxPeer {
  readonly peer: PeerId
  /** It has the same as this device, of all that both may see. */
  readonly isEqual: boolean
  /** Of both when they are equal: 32 hexadecimal digits, and the entities that count. */
  readonly root: string
  readonly entities: number
  /** This journal's arrival number up to which it has read what was written for it. */
  readonly acknowledged: number
}

/** Opens a mailbox for this device's journal. It is closed with the scope. */
export const open = Effect.fnUntraced(function* (options: MailboxSyncOptions) {
  const [journal, crypto, gate] = [yield* Journal, yield* Crypto, yield* Gate]
  const signer = yield* DeviceKey
  const store = yield* MailboxState.MailboxStore
  const { space } = journal.info
  const place = {
    space: MailboxName.spaceTag(crypto.sha256, space),
    owner: MailboxName.ownerTag(crypto.sha256, space, signer.peer)
  }
  const mailbox = yield* options.mailbox.open(place)
  const name = rememberedAs(options.mailbox, mailbox.account)
  const { incarnation } = journal.info
  const kept = MailboxState.decode(yield* store.load(name), incarnation) ?? MailboxState.initial(incarnation)
  const work: MailboxWork = {
    mailbox,
    journal,
    gate,
    crypto,
    compression: yield* Compression,
    seal: yield* FileSeal,
    signer,
    aheadMsMax: options.aheadMsMax,
    deleteLimits: options.deleteLimits,
    isPaused: options.isPaused,
    charter: Option.getOrUndefined(yield* Effect.serviceOption(Charter)),
    notify: options.notify,
    save: (state) => store.save(name, MailboxState.encode(state)),
    state: kept,
    heads: new Map(),
    asks: new Map(),
    charterRead: new Map(),
    own: new Set(),
    seen: new Set(),
    noticed: [],
    resting: new Map(),
    named: new Map(),
    isWaiting: false
  }
  return { step: step(work, place.owner), peers: peers(work), changes: mailbox.changes }
})

/** Under which name it is remembered: two accounts behind one address are two places. */
const rememberedAs = ({ address, name }: Mailbox, account: string | undefined): string =>
  account === undefined ? `${name} ${address}` : `${name} ${address} ${account}`

/** One look and what follows from it. Fails as the mailbox or the journal does; nothing is lost, and the next one goes on. */
const step = (work: MailboxWork, owner: string) =>
  Effect.gen(function* () {
    yield* countOn(work, owner)
    const isNews = yield* MailboxReading.look(work)
    yield* MailboxRepair.ask(work, yield* Clock.currentTimeMillis)
    const hasWritten = yield* MailboxWriting.write(work, yield* Clock.currentTimeMillis)
    return { isNews, hasWritten, isWaiting: work.isWaiting }
  })

/**
 * What was remembered may be older than what is there, or of another journal: then the numbers go on behind that. Own files that
 * nothing remembered names are of no use, such as those of a step that did not come to its end: they are put away.
 */
const countOn = Effect.fnUntraced(function* (work: MailboxWork, owner: string) {
  const { incarnation } = work.journal.info
  const own = (yield* work.mailbox.list).filter((file) => file.owner === owner)
  work.own = new Set(own.map(({ name }) => name))
  const last = own.reduce((max, { name }) => Math.max(max, MailboxName.parse(name)?.counter ?? 0), 0)
  const { counter, fossils, readings } = work.state
  if (last > counter) work.state = { ...MailboxState.initial(incarnation), counter: last, readings, fossils }
  if (work.state.incarnation !== incarnation) {
    work.state = { ...MailboxState.initial(incarnation), counter: work.state.counter, fossils }
  }
  const named = new Set(namedBy(work.state))
  const nowMs = yield* Clock.currentTimeMillis
  const unnamed = own.filter(({ name }) => !named.has(name)).map(({ name }) => [name, nowMs] as const)
  if (unnamed.length === 0) return
  work.state = { ...work.state, fossils: [...work.state.fossils, ...unnamed] }
  yield* work.save(work.state)
})

/** Names of all own files that a state knows. */
const namedBy = ({ answers, fossils, groups }: MailboxState.MailboxState): ReadonlyArray<string> => [
  ...fossils.map(([name]) => name),
  ...answers.flatMap(({ segments }) => segments.map(nameOf)),
  ...groups.flatMap(({ charter, heads, streams }) => [
    ...heads,
    ...[...streams.own, ...streams.relayed, ...charter.segments].map(nameOf)
  ])
]

const peers = (work: MailboxWork) =>
  Effect.gen(function* () {
    const found: Array<MailboxPeer> = []
    const self = ownTag(work)
    for (const [owner, peer] of yield* others(work)) {
      const head = work.heads.get(owner)
      if (head === undefined) continue
      const { count, root } = RangeTree.root(work.crypto.sha256, yield* sharedWith(work, peer))
      const ack = head.acks.find((one) => one.owner === self && one.incarnation === work.journal.info.incarnation)
      found.push({
        peer,
        isEqual: Bytes.equals(root, head.root),
        root: Bytes.toHex(root),
        entities: count,
        acknowledged: ack?.upto.own ?? 0
      })
    }
    return found
  })
