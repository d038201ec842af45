/**
 * A second way to the hub's routes for programs on this machine that know no certificate: HTTP on loopback, on a port that the system
 * chooses. It asks for the same tokens as the first.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { FastifyInstance } from "fastify"
import { fileBodyMsMax } from "./BodyDeadline.ts"
import { headersMsMax } from "./HttpServer.ts"

const connectionsMax = 256

/** Made before the app is ready, and open until it closes; `open` resolves with the address. */
export const make = (app: FastifyInstance): { readonly open: () => Promise<string> } => {
  // How long a body may take is each route's to say, as with the first server.
  const limits = { headersTimeout: headersMsMax, requestTimeout: fileBodyMsMax, connectionsCheckingInterval: 1_000 }
  const server = createServer(limits, (request, response) => app.routing(request, response))
  server.maxConnections = connectionsMax
  app.addHook("preClose", async () => {
    server.close()
    server.closeAllConnections()
  })
  const open = async (): Promise<string> => {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.listen(0, "127.0.0.1", resolve)
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  return { open }
}
