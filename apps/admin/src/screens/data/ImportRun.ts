/**
 * A file's records on their way to the hub, batch by batch. It lives as long as the page and not as the screen that began it, so that
 * whoever comes back finds how far it is. What it shows, and how the hub is asked, is for others.
 */
import { batchesOf, type Item } from "./recordFile.ts"

export const batchRecordsMax = 500
/** The hub takes bodies of up to 256 KiB. */
export const batchBytesMax = 240_000
/** Refusals that are kept with their words; the others are counted. */
export const toldMax = 20

/** Records by their places in the file, from 1. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

export interface RefusedBatch extends Stretch {
  readonly words: string
}

export type Phase =
  | { readonly kind: "running" }
  /** The hub asked for that. */
  | { readonly kind: "waiting"; readonly untilMs: number; readonly words: string }
  /** By the person. */
  | { readonly kind: "stopped" }
  /** Whether the stretch was written is known or not. */
  | { readonly kind: "broken"; readonly stretch: Stretch; readonly words: string; readonly isUnknown: boolean }
  | { readonly kind: "over" }

export interface Import {
  /** Who began it, by the account's id. */
  readonly account: string
  readonly type: string
  readonly file: string
  readonly total: number
  readonly written: number
  readonly refused: ReadonlyArray<RefusedBatch>
  readonly refusedBatches: number
  readonly phase: Phase
}

/** The hub said no, or nothing (`status` 0). */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly retryAfterS: number | undefined
}

export interface Surroundings {
  readonly write: (of: Pick<Import, "account" | "type">, items: ReadonlyArray<Item>) => Promise<unknown>
  /** Also comes back once it is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly nowMs: () => number
  readonly newId: () => string
  readonly wordsOf: (error: Error) => string
  /** Nothing where the error is another one. */
  readonly refusalOf: (error: Error) => Refusal | undefined
  /** Something is on its way that ends with the page. */
  readonly onBusy: (isBusy: boolean) => void
  /** Records may be others now. */
  readonly onEnd: () => void
}

/** Without a word of the hub on how long, in seconds. */
const waitSDefault = 5

export const isBusy = ({ phase: { kind } }: Import): boolean => kind === "running" || kind === "waiting"

/** It was too much for the hub, which says when to try again. */
const isPutOff = ({ retryAfterS, status }: Refusal): boolean =>
  status === 429 || (status === 503 && retryAfterS !== undefined)

/** Every further batch would come to the same end. */
const isFinal = (refusal: Refusal): boolean => [401, 403].includes(refusal.status) || isLost(refusal)

/** What became of the batch nobody said. */
const isLost = ({ code, status }: Refusal): boolean => status === 0 || status >= 500 || code === "NotUnderstood"

export class ImportRun {
  readonly #around: Surroundings
  readonly #listeners = new Set<() => void>()
  #now: Import | undefined
  #batches: ReadonlyArray<ReadonlyArray<Item>> = []
  #at = 0
  /** The place of the first record of the batch that is next. */
  #place = 1
  #stop = new AbortController()

  constructor(around: Surroundings) {
    this.#around = around
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  readonly now = (): Import | undefined => this.#now

  /**
   * Every record has an id from here on, so that a batch that is sent again makes none twice. False where another import is on its
   * way; else it comes back once the import has ended or stopped.
   */
  readonly begin = async (
    account: string,
    type: string,
    file: string,
    items: ReadonlyArray<Item>
  ): Promise<boolean> => {
    if (this.#now !== undefined && isBusy(this.#now)) return false
    const named = items.map((item) => (item.id === undefined ? { ...item, id: this.#around.newId() } : item))
    this.#batches = batchesOf(named, batchRecordsMax, batchBytesMax)
    this.#at = 0
    this.#place = 1
    const begun = { account, type, file, total: items.length, written: 0, refused: [], refusedBatches: 0 }
    this.#now = { ...begun, phase: { kind: "running" } }
    await this.#go()
    return true
  }

  /** Where it stopped; a batch of which nobody knows is sent again. */
  readonly goOn = (): Promise<void> => (this.#now === undefined || isBusy(this.#now) ? Promise.resolve() : this.#go())

  /** Behind the batch that is on its way. */
  readonly stop = (): void => this.#stop.abort()

  /** The report was read. */
  readonly forget = (): void => {
    if (this.#now === undefined || isBusy(this.#now)) return
    this.#batches = []
    this.#now = undefined
    this.#tell()
  }

  async #go(): Promise<void> {
    this.#stop = new AbortController()
    const { signal } = this.#stop
    this.#around.onBusy(true)
    this.#turn({ phase: { kind: "running" } })
    while (this.#at < this.#batches.length && !signal.aborted && this.#now?.phase.kind === "running") {
      await this.#sendNext(signal)
    }
    this.#around.onBusy(false)
    if (this.#now?.phase.kind === "running") {
      this.#turn({ phase: { kind: this.#at < this.#batches.length ? "stopped" : "over" } })
    }
    this.#around.onEnd()
  }

  async #sendNext(signal: AbortSignal): Promise<void> {
    const { account, type, written } = this.#now!
    const batch = this.#batches[this.#at]!
    const stretch = { from: this.#place, to: this.#place + batch.length - 1 }
    try {
      await this.#around.write({ account, type }, batch)
      this.#pass(batch, { written: written + batch.length })
    } catch (error) {
      await this.#refused(error as Error, batch, stretch, signal)
    }
  }

  #pass(batch: ReadonlyArray<Item>, more: Partial<Import>): void {
    this.#at++
    this.#place += batch.length
    this.#turn(more)
  }

  async #refused(error: Error, batch: ReadonlyArray<Item>, stretch: Stretch, signal: AbortSignal): Promise<void> {
    const words = this.#around.wordsOf(error)
    const refusal = this.#around.refusalOf(error)
    if (refusal !== undefined && isPutOff(refusal)) {
      const ms = (refusal.retryAfterS ?? waitSDefault) * 1_000
      this.#turn({ phase: { kind: "waiting", untilMs: this.#around.nowMs() + ms, words } })
      await this.#around.wait(ms, signal)
      return this.#turn({ phase: { kind: "running" } })
    }
    if (refusal === undefined || isFinal(refusal)) {
      const isUnknown = refusal === undefined || isLost(refusal)
      return this.#turn({ phase: { kind: "broken", stretch, words, isUnknown } })
    }
    const { refused, refusedBatches } = this.#now!
    this.#pass(batch, {
      refused: refused.length < toldMax ? [...refused, { ...stretch, words }] : refused,
      refusedBatches: refusedBatches + 1
    })
  }

  #turn(more: Partial<Import>): void {
    this.#now = { ...this.#now!, ...more }
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
