/**
 * The keys of a space that this device has, and which of them seals what it writes now. A journal reads it with every
 * commit; whoever follows the charter, or was given a passphrase, fills it.
 */
import type { SpaceId } from "../identity/SpaceId.ts"
import * as SpaceKey from "./SpaceKey.ts"

/** What the ring holds, as plain data that another thread can be given. */
export interface HeldKeys {
  /** The bytes of each key. */
  readonly keys: ReadonlyArray<Uint8Array>
  /**
   * What seals new contents: a key by its id, `"lacking"` where the space is sealed and this device has not got the key
   * in force, `"none"` where contents are written as they are.
   */
  readonly sealing: SpaceKey.KeyId | "lacking" | "none"
}

/** Of a space that is not sealed, or of a device that was given no key. */
export const noKeys: HeldKeys = { keys: [], sealing: "none" }

/** Most keys that a ring holds: a rotation a day for eleven years. The newest stay. */
export const keysMax = 4096

/** Finds keys by their ids. */
export interface KeyFinder {
  readonly find: (id: SpaceKey.KeyId) => SpaceKey.SpaceKey | undefined
  /** The key that seals new contents. */
  readonly sealing: SpaceKey.SpaceKey | "lacking" | "none"
  /** Number of keys. */
  readonly size: number
}

/** Has no key, whatever the device has: for judgements that must be alike on every device. */
export const blind: KeyFinder = { find: () => undefined, sealing: "none", size: 0 }

export class KeyRing implements KeyFinder {
  readonly #space: SpaceId
  readonly #keys = new Map<SpaceKey.KeyId, SpaceKey.SpaceKey>()
  #sealing: HeldKeys["sealing"] = "none"

  constructor(space: SpaceId, held: HeldKeys = noKeys) {
    this.#space = space
    this.hold(held)
  }

  /** Holds these keys from now on. */
  hold({ keys, sealing }: HeldKeys): void {
    const before = new Map(this.#keys)
    this.#keys.clear()
    for (const secret of keys.slice(-keysMax)) {
      const key = SpaceKey.of(this.#space, secret)
      this.#keys.set(key.id, before.get(key.id) ?? key)
    }
    this.#sealing = sealing === "none" || sealing === "lacking" || this.#keys.has(sealing) ? sealing : "lacking"
  }

  find(id: SpaceKey.KeyId): SpaceKey.SpaceKey | undefined {
    return this.#keys.get(id)
  }

  /** The key that seals new contents. */
  get sealing(): SpaceKey.SpaceKey | "lacking" | "none" {
    if (this.#sealing === "none") return "none"
    if (this.#sealing === "lacking") return "lacking"
    return this.#keys.get(this.#sealing)!
  }

  get held(): HeldKeys {
    return { keys: [...this.#keys.values()].map(({ secret }) => secret), sealing: this.#sealing }
  }

  get size(): number {
    return this.#keys.size
  }
}
