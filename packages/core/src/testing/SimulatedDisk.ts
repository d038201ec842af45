/**
 * The disk under a simulated journal, and the ways in which it fails: full for a while, or the process dies in the
 * middle of a transaction, or after it is durable and before anybody heard. What a dead process still tries to write
 * goes nowhere.
 */
import { Effect } from "effect"
import { JournalError, StoreClosed, StoreFull } from "../journal/JournalError.ts"
import type { MemoryDisk } from "../journal/MemoryJournal.ts"
import type { FaultCounts } from "./FaultCounts.ts"

const full = new JournalError({ reason: new StoreFull({ path: "simulated" }) })
const dead = new JournalError({ reason: new StoreClosed({ problem: "the process died" }) })

/** A death that waits for the next transaction. */
interface ArmedDeath {
  /** Rows that it still writes, or `undefined` when the process dies once all of it is durable. */
  rowsLeft: number | undefined
  readonly onDeath: () => void
}

export class SimulatedDisk {
  isFull = false
  readonly #faults: FaultCounts
  /** What the living process writes through. */
  #mounted: MemoryDisk | undefined
  #armed: ArmedDeath | undefined

  constructor(faults: FaultCounts) {
    this.#faults = faults
  }

  /** Kills the process in the transaction that comes next: after some rows of it, or when it is durable. */
  arm(rowsLeft: number | undefined, onDeath: () => void): void {
    this.#armed = { rowsLeft, onDeath }
  }

  disarm(): void {
    this.#armed = undefined
  }

  /** The process ends; a new one mounts the disk anew. */
  kill(): void {
    this.#mounted = undefined
    this.#armed = undefined
  }

  /** The disk as one process has it; nothing of an earlier one gets to it any more. */
  mount(): MemoryDisk {
    const mounted: MemoryDisk = {
      beforeWrite: Effect.suspend(() => {
        if (this.#mounted !== mounted) return Effect.fail(dead)
        if (!this.isFull) return Effect.void
        this.#faults.count("diskFull")
        return Effect.fail(full)
      }),
      beforeRow: () => {
        const armed = this.#armed
        if (armed?.rowsLeft === undefined) return
        if (armed.rowsLeft === 0) throw this.#die("tornWrite", armed)
        armed.rowsLeft--
      },
      afterWrite: Effect.suspend(() => {
        const armed = this.#armed
        if (armed === undefined || armed.rowsLeft !== undefined) return Effect.void
        return Effect.fail(this.#die("unconfirmedWrite", armed))
      })
    }
    this.#mounted = mounted
    return mounted
  }

  #die(kind: "tornWrite" | "unconfirmedWrite", armed: ArmedDeath): JournalError {
    this.#faults.count(kind)
    this.kill()
    armed.onDeath()
    return dead
  }
}
