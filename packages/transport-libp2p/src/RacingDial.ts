/**
 * Reaches a peer by all its addresses at once and takes the first that answers. libp2p tries them one after the other, with six
 * seconds for each that is silent, and private addresses of another network are. Ways through a relay begin a moment later, so
 * that a direct one wins where there is one. It knows no addresses of its own.
 */
import type { Connection } from "@libp2p/interface"
import type { TransportManager } from "@libp2p/interface-internal"
import type { Multiaddr } from "@multiformats/multiaddr"
import { cut } from "./Libp2pFailure.ts"
import { pathOf } from "./Libp2pAddress.ts"

/** How much later a relay is tried, in milliseconds. */
const relayDelayMs = 400
/** Addresses of one peer that are tried in one dial; what a stranger says about a peer must not become a flood. */
export const addressesMax = 24

/**
 * Takes addresses as they become known, and gives the first connection. Rejects with all that went wrong once every address has
 * failed and no more will come, or when the signal says so; connections that come later are ended.
 */
export const race = (
  dial: TransportManager["dial"],
  sources: ReadonlyArray<Promise<ReadonlyArray<Multiaddr>>>,
  signal: AbortSignal
): Promise<Connection> => {
  const won = Promise.withResolvers<Connection>()
  const tried = new Set<string>()
  const errors: Array<unknown> = []
  // One for each attempt: a TCP socket goes with the signal that it was dialled with, also once it is connected.
  const running = new Set<AbortController>()
  let isOver = signal.aborted
  const stop = (): void => {
    isOver = true
    for (const attempt of running) attempt.abort()
  }
  const attempt = async (address: Multiaddr): Promise<void> => {
    const own = new AbortController()
    running.add(own)
    try {
      if (pathOf(address) === "relayed") await pause(relayDelayMs, own.signal)
      if (isOver) return
      const connection = await dial(address, { signal: own.signal })
      running.delete(own)
      if (isOver) return cut(connection, "another way was faster")
      stop()
      won.resolve(connection)
    } finally {
      running.delete(own)
    }
  }
  const tryAll = async (source: Promise<ReadonlyArray<Multiaddr>>): Promise<void> => {
    const fresh = (await source).filter((address) => !tried.has(address.toString()))
    const taken = fresh.slice(0, Math.max(0, addressesMax - tried.size))
    for (const address of taken) tried.add(address.toString())
    await Promise.all(taken.map((address) => attempt(address).catch((error: unknown) => void errors.push(error))))
  }
  const all = sources.map((source) => tryAll(source).catch((error: unknown) => void errors.push(error)))
  const failed = (): void => {
    stop()
    won.reject(errors.length === 0 ? new Error("no address of it is known") : new AggregateError(errors))
  }
  // Not left to the attempts: QUIC does not hear of an abort while it waits for a handshake.
  signal.addEventListener("abort", failed, { once: true })
  void Promise.all(all).then(failed)
  return won.promise.finally(() => signal.removeEventListener("abort", failed))
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener("abort", () => {
      clearTimeout(timer)
      resolve()
    })
  })
