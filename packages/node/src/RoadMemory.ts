/**
 * What whoever works on a data folder saw last of its ways to others: `<folder>/roads.json`, for `syncline status` to tell beside
 * the running process and afterwards. Nothing is decided by it, so a file that cannot be read or written is one that says nothing.
 */
import { readFileSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { Orchestrator, type OrchestratorError, type Status, type SyncEvent } from "@syncline/core"
import { Clock, Effect, Result, Schema, Stream } from "effect"
import * as GuardedFile from "./GuardedFile.ts"

const Moment = Schema.NullOr(Schema.Int)

const Link = Schema.Struct({
  address: Schema.String,
  isConnected: Schema.Boolean,
  /** When both sides last proved that they hold the same, in milliseconds since 1970. */
  provenAtMs: Moment,
  /** Why the last attempt failed. */
  problem: Schema.NullOr(Schema.String)
})

const Mailbox = Schema.Struct({
  name: Schema.String,
  address: Schema.String,
  state: Schema.Literals(["idle", "active", "standby"]),
  because: Schema.String,
  /** When it was last looked into, in milliseconds since 1970. */
  lookedAtMs: Moment,
  problem: Schema.NullOr(Schema.String),
  devices: Schema.Int,
  equal: Schema.Int
})

const Peer = Schema.Struct({
  peer: Schema.String,
  path: Schema.Literals(["lan", "direct", "relayed"]),
  /** When both sides last proved that they hold the same, in milliseconds since 1970. */
  provenAtMs: Moment
})

/** Linked peers that are remembered. */
export const peersMax = 256

const Change = Schema.Struct({
  atMs: Schema.Int,
  from: Schema.NullOr(Schema.String),
  to: Schema.NullOr(Schema.String),
  because: Schema.String
})

/** Changes of the road that are remembered, the newest. */
export const changesMax = 16

const Memory = Schema.Struct({
  /** When all of this was seen, in milliseconds since 1970. */
  atMs: Moment,
  link: Schema.NullOr(Link),
  mailboxes: Schema.Array(Mailbox),
  changes: Schema.Array(Change),
  /** Who was linked then by a transport that knows what lies between; absent in what older versions noted. */
  peers: Schema.optionalKey(Schema.Array(Peer))
})
export type Memory = typeof Memory.Type

const nothing: Memory = { atMs: null, link: null, mailboxes: [], changes: [], peers: [] }

/** A larger file is none of this program's: as many mailboxes and changes as a device has need less. */
const fileBytesMax = 1_048_576

/** The file in a folder. */
const fileOf = (folder: string): string => join(resolve(folder), "roads.json")

/** What was seen last; nothing where nobody has met anybody. */
export const read = (folder: string): Effect.Effect<Memory> => Effect.sync(() => memoryIn(textOf(fileOf(folder))))

const textOf = (path: string): string => {
  try {
    return statSync(path).size > fileBytesMax ? "" : readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

const memoryIn = (text: string): Memory => {
  try {
    const decoded = Schema.decodeUnknownResult(Memory)(JSON.parse(text))
    return Result.isSuccess(decoded) ? decoded.success : nothing
  } catch {
    return nothing
  }
}

/** What is the same but for its time is written so often, in milliseconds. */
const againMs = 60_000

/** In one go, so that of two changes in this process none is lost. */
const change = (folder: string, step: (before: Memory) => Memory): Effect.Effect<void> => {
  const path = fileOf(folder)
  const edit = (text: string): string => {
    const before = memoryIn(text)
    const after = step(before)
    return isWorthIt(before, after) ? `${JSON.stringify(after, undefined, 2)}\n` : text
  }
  return Effect.ignore(Effect.try(() => GuardedFile.change(path, () => textOf(path), edit)))
}

const isWorthIt = (before: Memory, after: Memory): boolean =>
  JSON.stringify({ ...before, atMs: null }) !== JSON.stringify({ ...after, atMs: null }) ||
  Math.abs((after.atMs ?? 0) - (before.atMs ?? 0)) >= againMs

type Noting = Effect.fn.Return<void, OrchestratorError.OrchestratorError, Orchestrator.Orchestrator>

/** Notes how the ways of the folder's device stand now. */
export const note = Effect.fnUntraced(function* (folder: string): Noting {
  const { status } = yield* Orchestrator.Orchestrator
  const [now, atMs] = [yield* status, yield* Clock.currentTimeMillis]
  yield* change(folder, (before) => seen(before, now, atMs))
})

/** How often it is looked whether there is something to note, in milliseconds. */
const noteMs = 2_000

/**
 * Notes it again and again, and each change of the road at once, until it is interrupted. For the process that works on the
 * folder: what one before it left half written is removed.
 */
export const keep = Effect.fnUntraced(function* (folder: string): Noting {
  const orchestrator = yield* Orchestrator.Orchestrator
  yield* Effect.ignore(Effect.try(() => GuardedFile.giveUp(fileOf(folder))))
  const changes = Stream.runForEach(orchestrator.events, (event) =>
    event._tag === "RouteChanged" && event.peer === null
      ? Effect.andThen(noteChange(folder, event), note(folder))
      : Effect.void
  )
  const states = Effect.forever(Effect.andThen(Effect.sleep(noteMs), note(folder)))
  yield* Effect.raceFirst(changes, states)
})

const noteChange = Effect.fnUntraced(function* (
  folder: string,
  { because, from, to }: typeof SyncEvent.RouteChanged.Type
) {
  const atMs = yield* Clock.currentTimeMillis
  yield* change(folder, (before) => ({
    ...before,
    changes: [...before.changes, { atMs, from, to, because }].slice(-changesMax)
  }))
})

/** What is known after a look at the status. What it does not say is as it was. */
const seen = (before: Memory, { mailboxes, peers, routes }: Status.Status, atMs: number): Memory => {
  const [route] = routes
  const proven = peers.find(({ peer }) => peer === route?.peer)?.provenAtMs
  const isSameHub = before.link?.address === route?.address
  return {
    atMs,
    link:
      route === undefined
        ? null
        : {
            address: route.address,
            isConnected: route.state === "connected",
            provenAtMs: proven ?? (isSameHub ? (before.link?.provenAtMs ?? null) : null),
            problem: route.state === "connected" ? null : (route.lastError ?? null)
          },
    mailboxes: mailboxes.map(({ address, because, devices, equal, lastError, lookedAtMs, name, state }) => ({
      name,
      address,
      state,
      because,
      lookedAtMs: lookedAtMs ?? before.mailboxes.find((one) => one.address === address)?.lookedAtMs ?? null,
      problem: lastError ?? null,
      devices,
      equal
    })),
    changes: before.changes,
    peers: peers
      .flatMap(({ path, peer, provenAtMs }) =>
        path === undefined ? [] : [{ peer, path, provenAtMs: provenAtMs ?? null }]
      )
      .slice(0, peersMax)
  }
}
