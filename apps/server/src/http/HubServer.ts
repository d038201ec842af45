/** What the hub listens with: HTTP, or TLS where it has a certificate of its own. */
import type { Server } from "node:http"
import type { Server as TlsServer } from "node:https"

export type HubServer = Server | TlsServer
