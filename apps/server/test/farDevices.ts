/**
 * Devices that speak libp2p alone, on loopback, and a relay between them: whole nodes with stores on disk. What a test opens is closed,
 * and its folders removed, when that test is over, so that tests may run at the same time.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createNode, DeviceKeyFile, type SynclineNode } from "@syncline/node"
import { personal } from "@syncline/policy"
import { libp2p } from "@syncline/transport-libp2p"
import { Effect, Exit, Redacted, Scope } from "effect"
import { Task, until } from "./hubProcess.ts"

const loopback = "/ip4/127.0.0.1/tcp/0"
const quicLoopback = "/ip4/127.0.0.1/udp/0/quic-v1"

export interface FarOptions {
  readonly trusts: ReadonlyArray<string>
  readonly relays?: "disabled" | ReadonlyArray<string>
  readonly routes?: ReadonlyArray<string>
  readonly listen?: ReadonlyArray<string>
  /** Default: the space that all tests have. */
  readonly space?: string
}

/** A device of these tests: its folder and its peer id. */
export interface FarDevice {
  readonly store: string
  readonly peer: string
}

const create = ({ listen, relays, routes, space, trusts }: FarOptions, store: string): Promise<FarNode> =>
  createNode({
    space: space ?? "home",
    store,
    entities: { task: Task },
    policy: personal({ trusted: trusts }),
    transports: [libp2p({ listen: listen ?? [loopback], lan: false, idleMs: 1_500, relays: relays ?? "disabled" })],
    routes: (routes ?? []).map((address) => ({ address })),
    retryMsMin: 100,
    retryMsMax: 400
  })

export type FarNode = SynclineNode<{ readonly task: typeof Task }>

/** What one test opens. */
export class FarSite {
  readonly #onEnd: (end: () => Promise<void>) => void

  /** `onEnd` has things done when the test is over, the last one first. */
  constructor(onEnd: (end: () => Promise<void>) => void) {
    this.#onEnd = onEnd
  }

  folder(): string {
    const path = mkdtempSync(join(tmpdir(), "syncline-far-"))
    this.#onEnd(async () => rmSync(path, { recursive: true, force: true }))
    return path
  }

  device(): FarDevice {
    const store = this.folder()
    return { store, peer: DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store))).peer }
  }

  async open({ store }: FarDevice, options: FarOptions): Promise<FarNode> {
    const node = await create(options, store)
    this.#onEnd(() => node.close())
    return node
  }

  /** A machine that relays for everybody and has no records; gives its addresses, TCP first. */
  async relay(seed: number): Promise<ReadonlyArray<string>> {
    const scope = Scope.makeUnsafe()
    const host = { seed: Redacted.make(new Uint8Array(32).fill(seed)), admits: () => Effect.succeed(true) }
    const serving = libp2p({
      serves: true,
      lan: false,
      relays: "disabled",
      listen: [loopback, quicLoopback],
      maxConnectionsPerSecond: 100
    })(host)
    const addresses = await Effect.runPromise(serving.listen(() => Effect.void).pipe(Scope.provide(scope)))
    this.#onEnd(() => Effect.runPromise(Scope.close(scope, Exit.void)))
    return addresses.toSorted((a, b) => Number(b.includes("/tcp/")) - Number(a.includes("/tcp/")))
  }
}

/** How a device that listens may be dialled. */
export const addressOf = (node: FarNode): string => node.addresses.find((address) => !address.includes("p2p-circuit"))!

/** Peers to which a device has a link. */
export const linkedTo = async (node: FarNode): Promise<ReadonlyArray<string>> =>
  (await node.status()).peers.flatMap(({ path, peer }) => (path === undefined ? [] : [peer]))

/** The path by which a device is linked to another one. */
export const pathTo = async (node: FarNode, other: string): Promise<string | undefined> =>
  (await node.status()).peers.find(({ path, peer }) => peer === other && path !== undefined)?.path

export const writes = async (node: FarNode, id: string, title = "written"): Promise<void> => {
  await node.task.put({ id, title, votes: 0 })
}

export const has = async (node: FarNode, id: string, title = "written"): Promise<boolean> =>
  (await node.task.get(id))?.title === title

/** Both have the same records. */
export const areEqual = async (one: FarNode, other: FarNode): Promise<boolean> =>
  (await one.hash()).hash === (await other.hash()).hash

/** Waits until both have the same, and so many records. A hash reads all of them: looking all the time would be most of the work. */
export const meet = (one: FarNode, other: FarNode, count: number, msMax = 20_000): Promise<number> =>
  until(async () => (await one.hash()).count === count && (await areEqual(one, other)), msMax, 250)
