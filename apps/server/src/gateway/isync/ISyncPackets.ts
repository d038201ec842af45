/**
 * The last packet of each source, in the order in which they came: the newest of a source takes the place of the one before, and the sources
 * heard longest ago make room. It knows no clients and no records.
 */
import type { ISyncPacket } from "./ISyncPacket.ts"

/** Sources whose last packet is at hand; a client of iSync is a new source each time it starts. */
export const sourcesMax = 256
/** Bytes of those packets. */
export const bytesMax = 64 * 1024 * 1024

interface Kept {
  readonly packet: ISyncPacket
  /** Packets of this source so far. */
  readonly count: number
}

export class ISyncPackets {
  readonly #kept = new Map<string, Kept>()
  #bytes = 0

  get size(): number {
    return this.#kept.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The longest heard of first. */
  get all(): ReadonlyArray<ISyncPacket> {
    return Array.from(this.#kept.values(), ({ packet }) => packet)
  }

  of(source: string): ISyncPacket | undefined {
    return this.#kept.get(source)?.packet
  }

  countOf(source: string): number {
    return this.#kept.get(source)?.count ?? 0
  }

  /** True where it is another packet than the one before. */
  take(packet: ISyncPacket): boolean {
    const known = this.#kept.get(packet.source)
    this.#drop(packet.source)
    this.#kept.set(packet.source, { packet, count: (known?.count ?? 0) + 1 })
    this.#bytes += packet.bytes
    while (this.#kept.size > sourcesMax || this.#bytes > bytesMax) this.#drop(this.#kept.keys().next().value!)
    return known?.packet.text !== packet.text
  }

  #drop(source: string): void {
    const known = this.#kept.get(source)
    if (known === undefined) return
    this.#kept.delete(source)
    this.#bytes -= known.packet.bytes
  }
}
