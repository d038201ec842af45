/**
 * Nodes of a team with real keys, over links in memory: the engine as it runs in production, with a charter, the enterprise
 * policy and the keys of a sealed space. Device 1 is the hub and the first owner's device, and everybody's introducer.
 */
import {
  AuditStore,
  Charter,
  type CharterOperation,
  CharterStore,
  Commit,
  Entity,
  Journal,
  type JournalError,
  MemoryJournal,
  MemoryTransport,
  Orchestrator,
  PeerId,
  Records,
  type SpaceId,
  SpaceKey,
  SpaceKeys,
  TransportRegistry
} from "@syncline/core"
import { enterprise } from "@syncline/policy"
import { Context, Effect, identity, Layer, Redacted, Schema, type Scope } from "effect"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import * as NodeCompression from "../src/NodeCompression.ts"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import { seedOf } from "./temporaryFolder.ts"

export const space = "00112233445566778899aabbccddeeff" as SpaceId.SpaceId
export const Note = Entity.make("note", { text: Entity.lww(Schema.String) })

export const keyOf = (device: number): Uint8Array => NodeCrypto.signerOf(Redacted.value(seedOf(device))).publicKey
export const peerOf = (device: number): PeerId.PeerId => PeerId.fromPublicKey(keyOf(device))

export interface SealedNode {
  readonly charter: Charter.CharterShape
  readonly journal: Journal.JournalShape
  readonly keys: SpaceKeys.SpaceKeysShape
  readonly put: (id: string, text: string) => Effect.Effect<unknown, unknown>
  readonly textOf: (id: string) => Effect.Effect<unknown, unknown>
  /** All commits here, as they are stored. */
  readonly commits: Effect.Effect<ReadonlyArray<Uint8Array>, unknown>
}

export interface SealedOptions {
  readonly network: MemoryTransport.MemoryNetwork
  readonly device: number
  readonly dials?: ReadonlyArray<number>
  /** What stands before the journal, for one that fails. */
  readonly before?: (journal: Journal.JournalShape) => Journal.JournalShape
}

export const makeNode = (options: SealedOptions): Effect.Effect<SealedNode, unknown, Scope.Scope> => nodeOf(options)

const nodeOf = Effect.fnUntraced(function* ({ before, device, dials = [], network }: SealedOptions) {
  const introducer = device === 1 ? undefined : peerOf(1)
  const layer = Layer.mergeAll(
    Orchestrator.Orchestrator.layer({ routes: dials.map((other) => ({ address: `memory:${other}` })) }),
    Records.Records.layer
  ).pipe(
    Layer.provideMerge(SpaceKeys.layer),
    Layer.provideMerge(enterprise({ introducer })(space)),
    Layer.provideMerge(Layer.effect(Journal.Journal, Effect.map(MemoryJournal.make({ space }), before ?? identity))),
    Layer.provideMerge(
      Layer.mergeAll(
        DeviceKeyFile.layerSeed(seedOf(device)),
        NodeCrypto.layer,
        NodeCompression.layer,
        TransportRegistry.TransportRegistry.layer([MemoryTransport.make(network, String(device))]),
        CharterStore.CharterStore.layerMemory(),
        AuditStore.AuditStore.layerMemory([])
      )
    )
  )
  const services = yield* Layer.build(layer)
  const journal = Context.get(services, Journal.Journal)
  const node: SealedNode = {
    charter: Context.get(services, Charter.Charter),
    journal,
    keys: Context.get(services, SpaceKeys.SpaceKeys),
    put: (id, text) =>
      Effect.provide(
        Records.Records.use((records) => records.put(Note, { text }, id)),
        services
      ),
    textOf: (id) =>
      Effect.map(
        Effect.provide(
          Records.Records.use((records) => records.get("note", id)),
          services
        ),
        (found) => found?.fields["text"]
      ),
    commits: Effect.map(journal.feed(0, "nobody" as PeerId.PeerId, 1e9), ({ commits }) =>
      commits.map(({ bytes }) => bytes)
    )
  }
  yield* Context.get(services, Orchestrator.Orchestrator).send({ _tag: "Start" })
  return node
})

/** A node that nobody is connected to. */
export const makeAlone = (
  device: number,
  before?: (journal: Journal.JournalShape) => Journal.JournalShape
): Effect.Effect<SealedNode, unknown, Scope.Scope> =>
  makeNode({ network: MemoryTransport.makeNetwork(), device, ...(before === undefined ? {} : { before }) })

/** All records of charters. */
export const everything = { marks: [], rivals: [] }

/** Hands one charter what it lacks of another one. */
export const handOver = (from: SealedNode, to: SealedNode) =>
  to.charter.receive(from.charter.beyond(to.charter.known(), 10_000_000))

/** A key of the space by number. */
export const secretOf = (number: number): SpaceKey.SpaceKey =>
  SpaceKey.of(space, new Uint8Array(SpaceKey.spaceKeyBytes).fill(number))

/** Hands one journal all commits of another one, as a session would. */
export const feedInto = (
  from: Journal.JournalShape,
  peer: PeerId.PeerId,
  into: Journal.JournalShape
): Effect.Effect<void, JournalError.JournalError> => Effect.asVoid(feed(from, peer, into))

const feed = Effect.fnUntraced(function* (from: Journal.JournalShape, peer: PeerId.PeerId, into: Journal.JournalShape) {
  const { commits } = yield* from.feed(0, "nobody" as PeerId.PeerId, 1e9)
  return yield* into.receive({
    peer,
    incarnation: from.info.incarnation,
    isCustodian: false,
    feed: undefined,
    commits: commits.map(({ bytes }) => bytes),
    denials: [],
    aheadMsMax: 300_000,
    deleteLimits: { recordsMax: 1_000, shareMax: 1, shareFrom: 20, windowMs: 60_000 }
  })
})

export const founding = (isHub: boolean): CharterOperation.CharterOperation => ({
  _tag: "Found",
  name: "Team",
  hub: isHub ? keyOf(1) : null,
  member: "ann",
  memberName: "Ann",
  device: keyOf(1),
  deviceName: isHub ? "the hub" : "ann's"
})

/** A member and its device of that number. */
export const joining = (
  member: string,
  role: string,
  device: number
): ReadonlyArray<CharterOperation.CharterOperation> => [
  { _tag: "AddMember", member, name: member, role, teams: [] },
  { _tag: "AddDevice", member, device: keyOf(device), name: `device ${device}` }
]

export const sealing: CharterOperation.CharterOperation = { _tag: "SealSpace", showsHistory: true, periodDays: null }

/** Waits until it holds, at most 15 s. */
export const until = <E>(what: string, holds: Effect.Effect<boolean, E>): Effect.Effect<void, E> =>
  Effect.gen(function* () {
    for (let tries = 0; tries < 600; tries++) {
      if (yield* holds) return
      yield* Effect.sleep(25)
    }
    return yield* Effect.die(new Error(`not within 15 s: ${what}`))
  })

export const isSealed = (commit: Uint8Array): boolean =>
  (Commit.open(commit) as Commit.PackedCommit).header.seal !== undefined

/** Keys that the charter knows here. */
export const keysIn = ({ charter }: SealedNode): number => charter.state().seal?.keys.length ?? 0

/** They seal with the key in force, and nothing is due. */
export const areReady = (...nodes: ReadonlyArray<SealedNode>): Effect.Effect<boolean, JournalError.JournalError> =>
  Effect.map(
    Effect.forEach(nodes, ({ keys }) => keys.status),
    (all) => all.every(({ due, state }) => state === "sealed" && due === null)
  )

export interface SealedTeam {
  readonly network: MemoryTransport.MemoryNetwork
  readonly hub: SealedNode
  readonly alice: SealedNode
  readonly mia: SealedNode
}

/** A hub without keys, alice who manages the space, and mia; more comes with the first records. It is not sealed yet. */
export const openTeam = (
  ...more: ReadonlyArray<CharterOperation.CharterOperation>
): Effect.Effect<SealedTeam, unknown, Scope.Scope> => teamOf(more)

const teamOf = Effect.fnUntraced(function* (more: ReadonlyArray<CharterOperation.CharterOperation>) {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode({ network, device: 1 })
  yield* hub.charter.write([founding(true)])
  yield* hub.charter.write([...joining("alice", "admin", 2), ...joining("mia", "member", 3), ...more])
  const alice = yield* makeNode({ network, device: 2, dials: [1] })
  const mia = yield* makeNode({ network, device: 3, dials: [1] })
  yield* until(
    "the charter is everywhere",
    Effect.sync(() => [alice, mia].every((node) => node.charter.state().version >= 2))
  )
  return { network, hub, alice, mia }
})
