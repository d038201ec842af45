/**
 * One machine's program in the laboratory: a device as an application would have it, or a machine that relays only. It takes a line of
 * JSON for each order and answers with one, and ends with its input. It judges nothing.
 */
import { createInterface } from "node:readline"
import { createNode, type SynclineNode } from "@syncline/node"
import { personal } from "@syncline/policy"
import { libp2p } from "@syncline/transport-libp2p"
import { Effect, Redacted, Scope } from "effect"
import { getHeapSpaceStatistics } from "node:v8"
import { Note, notes } from "../soak/Notes.ts"
import * as FaultProxy from "./FaultProxy.ts"

export interface OpenInput {
  readonly folder: string
  readonly trusted: ReadonlyArray<string>
  readonly relays: ReadonlyArray<string>
  /** Where it listens; everywhere when absent. */
  readonly listen?: ReadonlyArray<string>
  readonly lan: boolean
}

export interface RelayInput {
  readonly seed: number
  readonly listen: ReadonlyArray<string>
  /** Where others reach it, where that is not where it listens. */
  readonly announce: ReadonlyArray<string>
}

/** What a device says of one peer. */
export interface Seen {
  readonly state: string
  readonly path: string | undefined
  readonly provenAtMs: number | undefined
  readonly lastError: string | undefined
  /** Links of the device so far, to whomever, and when the last began. */
  readonly linked: number
  readonly linkedAtMs: number | undefined
}

const space = "netlab"
/** Notes of one transaction. */
const notesPerTransaction = 100

let node: SynclineNode<{ readonly note: typeof Note }> | undefined

/** When links to peers began since the device was opened, in milliseconds since 1970. */
const links: Array<number> = []
let passed: FaultProxy.Passed | undefined

const opened = () => {
  if (node === undefined) throw new Error("no device is open on this machine")
  return node
}

const create = ({ folder, lan, listen, relays, trusted }: OpenInput) =>
  createNode({
    space,
    store: folder,
    entities: { note: Note },
    policy: personal({ trusted }),
    transports: [libp2p({ lan, relays, ...(listen !== undefined && { listen }) })]
  })

const jobs = {
  /** Makes the device's key and gives its id. */
  settle: async ({ folder }: { readonly folder: string }) => {
    const made = await create({ folder, trusted: [], relays: [], listen: [], lan: false })
    await made.close()
    return made.peer
  },

  open: async (input: OpenInput) => {
    node = await create(input)
    links.splice(0)
    node.on("PeerConnected", () => void links.push(Date.now()))
  },

  close: async () => {
    await opened().close()
    node = undefined
  },

  /** Relays for everybody, until the process ends; gives its addresses. */
  relay: async ({ announce, listen, seed }: RelayInput) => {
    const host = { seed: Redacted.make(new Uint8Array(32).fill(seed)), admits: () => Effect.succeed(true) }
    const listening = libp2p({ serves: true, lan: false, listen, announce, maxConnectionsPerSecond: 100 })(host)
      .listen(() => Effect.void)
      .pipe(Scope.provide(Scope.makeUnsafe()))
    return Effect.runPromise(listening)
  },

  /** Puts a bad line in front of a machine, until the process ends. */
  faults: async (options: FaultProxy.FaultProxyOptions) => {
    passed = await FaultProxy.start(options)
  },

  /** What has passed that line. */
  passed: async () => passed,

  write: async ({ count, from }: { readonly count: number; readonly from: number }) => {
    for (let at = from; at < from + count; at += notesPerTransaction) {
      await opened().note.putAll(notes(at, Math.min(at + notesPerTransaction, from + count)))
    }
  },

  see: async ({ peer }: { readonly peer: string }): Promise<Seen | undefined> => {
    const { peers, routes } = await opened().status()
    const lastError = routes.find((route) => route.peer === peer)?.lastError
    const found = peers.filter((one) => one.peer === peer)
    const linked = { linked: links.length, linkedAtMs: links.at(-1) }
    const one = found.find(({ path }) => path !== undefined) ?? found[0]
    return one === undefined
      ? undefined
      : {
          state: one.state,
          path: one.path,
          provenAtMs: one.provenAtMs,
          lastError: lastError ?? one.lastError,
          ...linked
        }
  },

  has: async ({ id }: { readonly id: string }) => (await opened().note.get(id)) !== undefined,

  hash: async () => {
    const { count, hash } = await opened().hash()
    return { count, hash }
  },

  /** Bytes of the heap without garbage, and without compiled code, which comes and goes as the engine likes. */
  heap: async () => {
    for (let times = 0; times < 3; times++) {
      globalThis.gc?.()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => !/code|trusted/.test(name))
    return spaces.reduce((sum, { space_used_size: used }) => sum + used, 0)
  }
}

export type Jobs = typeof jobs

const answer = async (line: string): Promise<object> => {
  const { id, input, job } = JSON.parse(line) as { id: number; job: keyof Jobs; input: never }
  try {
    const run: (input: never) => Promise<unknown> = jobs[job]
    return { id, result: await run(input) }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

const lines = createInterface({ input: process.stdin })
lines.on("line", (line) => void answer(line).then((told) => process.stdout.write(`${JSON.stringify(told)}\n`)))
lines.on("close", () => process.exit(0))
