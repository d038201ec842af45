/** What iSync's server answers to plain requests: its figures, a list of peers, and two forms of its own pages that change nothing here. */
import type { FastifyInstance } from "fastify"
import type { ISyncMesh } from "./ISyncMesh.ts"

export const addRoutes =
  (nodeId: string, mesh: ISyncMesh) =>
  (app: FastifyInstance): void => {
    app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) =>
      done(null, new URLSearchParams(body as string))
    )
    app.get("/api/stats", async () => statsOf(nodeId, mesh))
    app.get("/isyncpeers.json", async ({ host, protocol }) => [
      {
        name: "Syncline",
        url: `${protocol}://${host}`,
        description: "a Syncline hub",
        location: "",
        verified: true
      }
    ])
    app.post("/sync_now", async (_request, reply) => {
      mesh.replayOnRequest()
      return reply.redirect("/", 302)
    })
    // iSync's own server keeps the address and dials nobody; a hub's peers are its operator's to name.
    app.post("/connect_peer", async (_request, reply) => reply.redirect("/", 302))
  }

const statsOf = (nodeId: string, { packets, peers }: ISyncMesh) => {
  const all = packets.all
  const sum = (of: (packet: (typeof all)[number]) => number): number => all.reduce((so, packet) => so + of(packet), 0)
  return {
    node_id: nodeId,
    connected_peers: peers,
    database_stats: {
      file_size_bytes: packets.bytes,
      file_size_mb: Math.round((packets.bytes / 1024 / 1024) * 100) / 100,
      total_tables: 2,
      total_records: packets.size + peers,
      tables: { packets: packets.size, peers }
    },
    sync_state: {
      vector_clock: Object.fromEntries(all.map(({ source }) => [source, packets.countOf(source)])),
      lww_registers_count: sum(({ registers }) => registers),
      deleted_keys_count: sum(({ deletedKeys }) => deletedKeys)
    }
  }
}
