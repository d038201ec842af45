/** A space in memory behind the endpoints of records, with people of its team who call; or one without a team. */
import {
  Charter,
  type CharterOperation,
  CharterStore,
  DeviceKey,
  type FieldValue,
  Gate,
  Journal,
  type Partition,
  type PeerId,
  MemoryJournal,
  QuarantineDesk,
  Records,
  SpaceId
} from "@syncline/core"
import { DeviceKeyFile, NodeCompression, NodeCrypto } from "@syncline/node"
import { enterprise, personal } from "@syncline/policy"
import { Context, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { onTestFinished } from "vitest"
import type { Principal } from "../../src/rest/Principal.ts"
import { Conflicts, type Noted } from "../../src/records/Conflicts.ts"
import { conflictEndpoints } from "../../src/records/conflictEndpoints.ts"
import { historyEndpoints } from "../../src/records/historyEndpoints.ts"
import { quarantineEndpoints } from "../../src/records/quarantineEndpoints.ts"
import { receiptEndpoints } from "../../src/records/receiptEndpoints.ts"
import { recordEndpoints } from "../../src/records/recordEndpoints.ts"
import { typeEndpoints } from "../../src/records/typeEndpoints.ts"
import { writingEndpoints } from "../../src/records/writingEndpoints.ts"
import { accountOf, type Asked, type AskOptions, serve, sessionOf } from "./frame.ts"

const space = SpaceId.fromBytes(new Uint8Array(16).fill(23))
const keyOf = (number: number) => DeviceKeyFile.deviceKey(Redacted.make(new Uint8Array(32).fill(number)))

/** Every account is the hub's owner, so that only the charter says no; but for `viewer`, who may only read. */
const callers: { readonly [name: string]: Principal } = {
  door: { kind: "door" },
  owner: sessionOf("owner"),
  adam: sessionOf("adam"),
  mia: sessionOf("mia"),
  rob: sessionOf("rob"),
  nobody: sessionOf(undefined),
  gone: sessionOf("gone"),
  viewer: { kind: "session", account: accountOf("viewer", "mia"), session: "s-viewer", signedInMs: Date.now() }
}

const founding = (): ReadonlyArray<ReadonlyArray<CharterOperation.CharterOperation>> => {
  const { publicKey: device } = keyOf(1)
  const found = { member: "owner", memberName: "Owner", device, deviceName: "the hub" }
  return [
    [{ _tag: "Found", name: "office", hub: device, ...found }],
    [
      { _tag: "SetTeam", team: "north", name: "North" },
      { _tag: "SetTeam", team: "south", name: "South" },
      { _tag: "AddMember", member: "adam", name: "Adam", role: "admin", teams: [] },
      { _tag: "AddMember", member: "mia", name: "Mia", role: "member", teams: ["north"] },
      { _tag: "AddMember", member: "rob", name: "Rob", role: "readonly", teams: ["north"] }
    ]
  ]
}

const key = Layer.succeed(DeviceKey.DeviceKey, keyOf(1))
const ports = Layer.mergeAll(NodeCrypto.layer, NodeCompression.layer, key)

interface WorldOptions {
  readonly isTeam?: boolean
  /** Those that the hub has noted, the newest first. */
  readonly conflicts?: ReadonlyArray<Noted>
}

/** mia is of the team north, rob only reads there, adam manages the space; the hub is an owner's device. */
export const recordsWorld = async ({ conflicts = [], isTeam = true }: WorldOptions = {}): Promise<RecordsWorld> => {
  const store = CharterStore.CharterStore.layerMemory([], "memory")
  const gate = isTeam ? enterprise()(space).pipe(Layer.provide(store)) : personal({ trusted: [keyOf(2).peer] })
  const layer = Layer.mergeAll(Records.Records.layer, QuarantineDesk.QuarantineDesk.layer).pipe(
    Layer.provideMerge(MemoryJournal.layer({ space })),
    Layer.provideMerge(gate as Layer.Layer<Gate.Gate | Charter.Charter, never, Layer.Services<typeof gate>>),
    Layer.provideMerge(ports)
  )
  const scope = Effect.runSync(Scope.make())
  onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const services = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const charter = isTeam ? Context.get(services, Charter.Charter) : undefined
  for (const operations of isTeam ? founding() : []) await Effect.runPromise(charter!.write(operations))
  const journal = Context.get(services, Journal.Journal)
  const endpoints = [
    ...typeEndpoints,
    ...recordEndpoints,
    ...writingEndpoints,
    ...historyEndpoints,
    ...quarantineEndpoints,
    ...receiptEndpoints,
    ...conflictEndpoints
  ]
  const newest = (before = Infinity) => Effect.succeed(conflicts.filter(({ number }) => number < before))
  const noted = Context.add(services, Conflicts, { newest, missed: Effect.succeed(7) })
  const without = Context.omit(Gate.Gate, DeviceKey.DeviceKey)(noted)
  const served = await serve(endpoints, { callers, isTeam, services: without as unknown as Context.Context<never> })
  const as: RecordsWorld["as"] = (who) => (method, path, body) =>
    served.ask(`/api/v1${path}`, { as: who, method, body })
  const records = Context.get(services, Records.Records)
  /** Makes tasks, also of an id that is taken by another header. */
  const copy = async (...tasks: ReadonlyArray<Task>): Promise<void> => {
    const copies = tasks.map(({ fields, header, id }) => ({
      id,
      partition: { type: "task", header },
      fields: { ...fields, ...header }
    }))
    await Effect.runPromise(records.copyAll(copies))
  }
  return { as, ask: served.ask, audited: served.audited, charter: charter!, journal, copy }
}

interface Elsewhere {
  readonly peer: PeerId.PeerId
  readonly incarnation: string
  readonly commits: ReadonlyArray<string>
  readonly bytes: ReadonlyArray<Uint8Array>
}

/** What another device wrote: a new task in each header, and the bytes of its commits. */
export const writtenElsewhere = async (headers: ReadonlyArray<Partition.HeaderValues>): Promise<Elsewhere> => {
  const other = Layer.mergeAll(NodeCrypto.layer, NodeCompression.layer, Layer.succeed(DeviceKey.DeviceKey, keyOf(2)))
  const journal = await Effect.runPromise(Effect.provide(MemoryJournal.make({ space }), other))
  const commits: Array<string> = []
  for (const [i, header] of headers.entries()) {
    const change = { kind: "put", lww: { title: `of ${i}` }, counters: {}, sets: {} } as const
    const partition = { type: "task", header }
    const written = await Effect.runPromise(journal.write([{ partition, id: `q${i}`, change }]))
    commits.push(written.commits[0]!)
  }
  const { commits: fed } = await Effect.runPromise(journal.feed(0, keyOf(1).peer, 1_000_000))
  return { peer: keyOf(2).peer, incarnation: journal.info.incarnation, commits, bytes: fed.map(({ bytes }) => bytes) }
}

interface Task {
  readonly id: string
  readonly header: Partition.HeaderValues
  readonly fields: { readonly [field: string]: FieldValue.FieldValue }
}

/** What tests do with such a space. */
export interface RecordsWorld {
  /** As somebody: a method, a path, a body. */
  readonly as: (who: string) => (method: string, path: string, body?: unknown) => Promise<Asked>
  readonly ask: (path: string, options?: AskOptions) => Promise<Asked>
  readonly audited: ReadonlyArray<Gate.AuditedAction>
  /** Of a team. */
  readonly charter: Charter.CharterShape
  readonly journal: Journal.JournalShape
  readonly copy: (...tasks: ReadonlyArray<Task>) => Promise<void>
}

/** A policy document of these rules. */
export const policyOf = (...rules: ReadonlyArray<object>): CharterOperation.CharterOperation => ({
  _tag: "SetPolicy",
  text: JSON.stringify({
    version: 1,
    types: { task: { header: { team: "text" }, fields: ["title", "salary"] } },
    rules
  })
})

/** A header in a query. */
export const inQuery = (header: Partition.HeaderValues): string => encodeURIComponent(JSON.stringify(header))
