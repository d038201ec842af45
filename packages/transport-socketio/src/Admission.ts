/**
 * Counts the connections of one listener: all of them, and per remote address those that are not links yet. It knows
 * no sockets, only who asks and when a connection changes state or ends.
 */
import type { Refusal } from "./Refusal.ts"

export interface AdmissionLimits {
  readonly maxConnections: number
  readonly maxPendingConnections: number
}

/** One admitted connection. Both calls may be repeated. */
export interface Admitted {
  readonly opened: () => void
  readonly ended: () => void
}

export class Admission {
  private readonly limits: AdmissionLimits
  private readonly pendingByRemote = new Map<string, number>()
  private connections = 0

  constructor(limits: AdmissionLimits) {
    this.limits = limits
  }

  admit(remote: string): Admitted | Refusal {
    const pending = this.pendingByRemote.get(remote) ?? 0
    if (this.connections >= this.limits.maxConnections) return "connection-limit"
    if (pending >= this.limits.maxPendingConnections) return "pending-limit"
    this.connections++
    this.pendingByRemote.set(remote, pending + 1)
    const opened = once(() => this.release(remote))
    const ended = once(() => {
      opened()
      this.connections--
    })
    return { opened, ended }
  }

  /** Connections altogether. */
  get open(): number {
    return this.connections
  }

  /** Connections that are no links yet, of the remote address that has most of them. */
  get pending(): number {
    return Math.max(0, ...this.pendingByRemote.values())
  }

  private release(remote: string): void {
    const pending = (this.pendingByRemote.get(remote) ?? 0) - 1
    if (pending > 0) this.pendingByRemote.set(remote, pending)
    else this.pendingByRemote.delete(remote)
  }
}

const once = (action: () => void): (() => void) => {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    action()
  }
}
