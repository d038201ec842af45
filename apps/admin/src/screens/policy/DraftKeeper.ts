/**
 * What somebody has written of a policy: it outlives the screen, and is kept on the hub a moment after each change, in the place of the
 * draft that it began with and of no other.
 */
import type { KeptDraft } from "../../api/policy.ts"

export interface Asks {
  /** `replaces`: when the draft was saved that is there; `null` for none, `undefined` for whichever. */
  readonly keep: (text: string, basedOn: number, replaces: number | null | undefined) => Promise<KeptDraft>
  readonly drop: () => Promise<unknown>
  /** Whether the hub refused because another draft was kept meanwhile. */
  readonly isMoved: (error: unknown) => boolean
  readonly later: (run: () => void, ms: number) => () => void
}

/** `here`: in this page alone, as whoever may not write the policy keeps none on the hub. */
export type Keeping = "kept" | "keeping" | "failed" | "moved" | "here"

export interface Own {
  /** `undefined` until something is written here. */
  readonly text: string | undefined
  readonly keeping: Keeping
}

/** After the last key, in milliseconds. */
export const keepMs = 1_200

export class DraftKeeper {
  readonly #asks: Asks
  #own: Own = { text: undefined, keeping: "kept" }
  #replaces: number | null | undefined
  #basedOn = 0
  #cancel: (() => void) | undefined
  #isAsking = false
  readonly #watchers = new Set<() => void>()

  constructor(asks: Asks) {
    this.#asks = asks
  }

  readonly own = (): Own => this.#own

  readonly watch = (onChange: () => void): (() => void) => {
    this.#watchers.add(onChange)
    return () => void this.#watchers.delete(onChange)
  }

  /** `kept` is the draft that was read from the hub, and `version` the charter's as one begins. */
  write(text: string, kept: KeptDraft | null, version: number, isKept: boolean): void {
    if (this.#own.text === undefined) {
      this.#replaces = kept?.savedMs ?? null
      this.#basedOn = kept?.basedOn ?? version
    }
    if (!isKept) return this.#turn({ text, keeping: "here" })
    const isMoved = this.#own.keeping === "moved"
    this.#turn({ text, keeping: isMoved ? "moved" : "keeping" })
    if (!isMoved) this.#soon()
  }

  /** The charter's version that what is written began with; `undefined` where nothing is. */
  basedOn(): number | undefined {
    return this.#own.text === undefined ? undefined : this.#basedOn
  }

  /** In the place of whatever was kept elsewhere. */
  async keepMine(): Promise<void> {
    this.#replaces = undefined
    this.#turn({ ...this.#own, keeping: "keeping" })
    await this.#keep()
  }

  async again(): Promise<void> {
    this.#turn({ ...this.#own, keeping: "keeping" })
    await this.#keep()
  }

  /** Nothing is written here any more; what is on the hub stays. */
  forget(): void {
    this.#cancel?.()
    this.#turn({ text: undefined, keeping: "kept" })
  }

  async drop(): Promise<void> {
    this.#cancel?.()
    await this.#asks.drop()
    this.forget()
  }

  #soon(): void {
    this.#cancel?.()
    this.#cancel = this.#asks.later(() => void this.#keep(), keepMs)
  }

  /** One at a time: what is written meanwhile goes with the next. */
  async #keep(): Promise<void> {
    const { text } = this.#own
    if (text === undefined) return
    if (this.#isAsking) return this.#soon()
    this.#isAsking = true
    const keeping = await this.#asks.keep(text, this.#basedOn, this.#replaces).then(
      ({ savedMs }): Keeping => {
        this.#replaces = savedMs
        return "kept"
      },
      (error: unknown): Keeping => (this.#asks.isMoved(error) ? "moved" : "failed")
    )
    this.#isAsking = false
    if (this.#own.text === undefined) return
    const isNewer = this.#own.text !== text && keeping === "kept"
    this.#turn({ ...this.#own, keeping: isNewer ? "keeping" : keeping })
  }

  #turn(own: Own): void {
    this.#own = own
    for (const watcher of this.#watchers) watcher()
  }
}
