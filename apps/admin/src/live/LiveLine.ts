/**
 * The line on which the hub tells what happens: one for the whole page. It says whether it is open, remembers the last events, and
 * names what became stale. What is done about that is its listeners' business.
 */
import type { AdminLive } from "@syncline/core/admin"
import { io, type Socket } from "socket.io-client"
import { type Area, staleAfter } from "../api/areas.ts"
import { base } from "../api/ask.ts"
import { hubNowMs } from "../api/hubClock.ts"

/** Events that are remembered; older ones are forgotten. */
export const rememberedMax = 1_000

export type Told = AdminLive.Told

export interface LineState {
  readonly isOpen: boolean
  /** When it was last open, in Unix milliseconds; 0 where it never was. */
  readonly openMs: number
}

type OnStale = (areas: ReadonlyArray<Area> | "all") => void

/** As `core/admin` names them; its module would bring all schemas along. */
const place = { path: "api/v1/events", namespace: "/admin", event: "event" } as const

export class LiveLine {
  #socket: Socket | undefined
  #state: LineState = { isOpen: false, openMs: 0 }
  #events: ReadonlyArray<Told> = []
  readonly #watchers = new Set<() => void>()
  readonly #onStale: OnStale
  readonly #onRefused: () => void

  /** `onRefused` is called each time that it cannot be opened: the hub may be away, or whoever asks may be signed in no more. */
  constructor(onStale: OnStale, onRefused: () => void) {
    this.#onStale = onStale
    this.#onRefused = onRefused
  }

  /** The newest last. */
  readonly events = (): ReadonlyArray<Told> => this.#events
  readonly state = (): LineState => this.#state

  /** Calls back after each change of `events` or `state`, until what it gives is called. */
  readonly watch = (onChange: () => void): (() => void) => {
    this.#watchers.add(onChange)
    return () => void this.#watchers.delete(onChange)
  }

  open(): void {
    if (this.#socket !== undefined) return
    const socket = io(place.namespace, {
      path: `${base}${place.path}`,
      transports: ["websocket"],
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000
    })
    this.#socket = socket
    socket.on("connect", () => this.#opened())
    socket.on("connect_error", () => this.#onRefused())
    socket.on("disconnect", () => this.#turn({ isOpen: false, openMs: hubNowMs() }))
    socket.on(place.event, (told: Told) => this.#heard(told))
    // A hub that goes, or ends this listener, says so; it is asked again whether one is let in.
    socket.on("disconnect", (because) => because === "io server disconnect" && socket.connect())
  }

  close(): void {
    this.#socket?.disconnect()
    this.#socket = undefined
    this.#events = []
    this.#turn({ isOpen: false, openMs: 0 })
  }

  /** What happened while it was not open, nobody tells; also between a first answer and the first opening. */
  #opened(): void {
    this.#onStale("all")
    this.#turn({ isOpen: true, openMs: hubNowMs() })
  }

  #heard(told: Told): void {
    this.#events = [...this.#events.slice(-(rememberedMax - 1)), told]
    this.#onStale(staleAfter(told.event._tag))
    this.#tell()
  }

  #turn(state: LineState): void {
    this.#state = state
    this.#tell()
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher()
  }
}
