/**
 * A transport moves frames between this node and others. It never decodes a frame, orders frames across links, or
 * asks who may send. A transport plugin is a value made by one factory; nothing registers itself.
 */
import type { Effect, Redacted, Scope } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import type { Link } from "./Link.ts"
import type { TransportError } from "./TransportError.ts"

/** What a transport can do, read by the orchestrator and the conformance suite alike. */
export interface TransportCapabilities {
  /** `link`: live and two-way. */
  readonly kind: "link"
  readonly canListen: boolean
  readonly canDial: boolean
  /** It honours `lookup` of a dial; one that does not is not used for addresses that a list of peers names. */
  readonly looksUp: boolean
  /** Largest frame in bytes. */
  readonly frameBytesMax: number
}

/** Looks a name up in the way of Node's `net.connect`: all addresses where `all` is asked for, else one with its family. */
export type Lookup = (
  hostname: string,
  options: { readonly all?: boolean | undefined },
  callback: (
    error: Error | null,
    address: string | Array<{ readonly address: string; readonly family: number }>,
    family?: number
  ) => void
) => void

/** How one address is dialled. */
export interface DialOptions {
  /** How its name is looked up; the connection goes to what this says and nowhere else. The platform's way when absent. */
  readonly lookup?: Lookup | undefined
}

export interface Transport {
  /** Short name, unique among a node's transports, e.g. `socketio`. */
  readonly name: string
  readonly capabilities: TransportCapabilities
  /** True for addresses of this transport's form. */
  readonly accepts: (address: string) => boolean
  /**
   * Accepts links until the scope closes, then closes them all within 2 seconds. `onLink` runs once per link in its
   * own fiber; the link is closed when it ends. Resolves, once listening, with the addresses to dial.
   */
  readonly listen: (
    onLink: (link: Link) => Effect.Effect<void>
  ) => Effect.Effect<ReadonlyArray<string>, TransportError, Scope.Scope>
  /** Opens a link that closes with the scope. Gives up after 10 seconds with `Unreachable`. */
  readonly dial: (address: string, options?: DialOptions) => Effect.Effect<Link, TransportError, Scope.Scope>
  /** How it finds peers by itself; absent where it does not. */
  readonly finder?: Finder | undefined
}

/** What a transport knows of where peers are. Whether one is dialled is for the policy and the orchestrator to say. */
export interface Finder {
  /** The address that means a peer wherever it is; dialling it looks for the peer. */
  readonly addressOf: (peer: PeerId) => string
  /** Looks far away, too, when such an address is dialled; otherwise only who was found near is there. */
  readonly looksFar: boolean
  /**
   * Until the scope closes it calls `onFound` for each peer that seems to be near, also again and again while it is; and it runs `onRenewed`
   * when a dial may reach whom it has not reached before, e.g. because a network is there again, or a machine that says where others are.
   */
  readonly watch: (
    onFound: (peer: PeerId) => Effect.Effect<void>,
    onRenewed?: Effect.Effect<void>
  ) => Effect.Effect<void, TransportError, Scope.Scope>
}

/** What a transport is told that proves by itself whose it is. */
export interface TransportHost {
  /** The device's Ed25519 seed (32 bytes, RFC 8032). It never leaves the process. */
  readonly seed: Redacted.Redacted<Uint8Array>
  /** Whether the policy lets a peer in at all. Asked before anything of it is heard. */
  readonly admits: (peer: PeerId) => Effect.Effect<boolean>
  /** Where the hubs of this node say that others are reached through them; absent where there are none. */
  readonly relays?: Effect.Effect<ReadonlyArray<string>> | undefined
}

/** A transport, or what makes one for a device. */
export type TransportPlugin = Transport | ((host: TransportHost) => Transport)

/** How long a dial may take in milliseconds. */
export const dialTimeoutMs = 10_000
