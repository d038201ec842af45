/**
 * What a gateway is: a door for another system's own clients, which work as they are. The frame mounts it, keeps its callers within
 * bounds and closes it; how it speaks and what it keeps is its own business, and what it keeps are ordinary records.
 */
import type { NodeServices } from "@syncline/node"
import type { ClientHandler, ForeignClient } from "@syncline/transport-socketio/gateway"
import type { Context, Effect, Scope } from "effect"
import type { FastifyInstance, FastifyReply } from "fastify"
import type { GatewayError } from "./GatewayError.ts"

/** What gateways may use of the hub. */
export type GatewayServices = NodeServices

export interface GatewayHost {
  readonly services: Context.Context<GatewayServices>
  /** Why nothing may be asked here any more, e.g. because the space was sealed meanwhile. */
  readonly whyClosed: () => string | undefined
}

/** What a gateway does while it is open. */
export interface OpenGateway {
  /** Adds its routes to a Fastify scope of its own, which knows no content type yet; every request there was checked. */
  readonly addRoutes: (app: FastifyInstance) => void
  /**
   * Called for each client of Socket.IO, in all gateways that have this: they share one server at `/socket.io/`, where clients say by
   * their events whose they are.
   */
  readonly onClient?: (client: ForeignClient) => ClientHandler
}

export interface Gateway {
  /** As settings, log and status name it. */
  readonly name: string
  /** What it cannot protect, in one sentence. */
  readonly warning: string
  /** Largest body, in bytes. */
  readonly bodyBytesMax: number
  /** How long an answer may take, in milliseconds. */
  readonly answerMsMax: number
  /** Origins of pages that may call beside the hub's own; none where absent. */
  readonly pages?: ReadonlyArray<string>
  /** An answer that refuses, in the form that its clients know. */
  readonly refuse: (reply: FastifyReply, status: number, words: string) => FastifyReply
  /** Gets ready. What it holds is given up when the scope closes, before the hub's services are. */
  readonly open: (host: GatewayHost) => Effect.Effect<OpenGateway, GatewayError, GatewayServices | Scope.Scope>
}
