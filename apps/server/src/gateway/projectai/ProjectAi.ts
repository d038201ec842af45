/**
 * The gateway for Project-AI's `cloud_sync` client: one sealed text for each user name, uploaded whole and downloaded whole, the last upload
 * counts. The client seals with a key of its own and merges by itself; here its text is kept and handed out.
 */
import { Effect } from "effect"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { handling } from "../GatewayAnswer.ts"
import type { Gateway, GatewayHost } from "../Gateway.ts"
import * as ProjectAiStore from "./ProjectAiStore.ts"
import * as Upload from "./Upload.ts"

/** Where it is mounted; the client is told `<hub>/sync`. */
const mount = "/sync"
/** Largest body, in bytes, whatever the settings allow: it is read in one go, and others wait meanwhile. */
const ownBodyBytesMax = 16 * 1024 * 1024
/** As long as the client waits. */
const answerMsMax = 30_000

export const make = (bodyBytesMax: number): Gateway => {
  const gateway: Gateway = {
    name: "project-ai",
    warning:
      "whoever knows a user name reads and replaces what is kept for it; contents are sealed by the clients' own key",
    bodyBytesMax: Math.min(bodyBytesMax, ownBodyBytesMax),
    answerMsMax,
    // The client takes everything but 200 for a failure, and 404 for "nothing there".
    refuse: (reply, status, words) => reply.code(status).send({ error: words }),
    open: Effect.fnUntraced(function* (host) {
      const store = yield* ProjectAiStore.make
      return { addRoutes: (app) => addRoutes(app, gateway, host, store) }
    })
  }
  return gateway
}

const addRoutes = (
  app: FastifyInstance,
  gateway: Gateway,
  host: GatewayHost,
  store: ProjectAiStore.ProjectAiStore
): void => {
  const parse = app.getDefaultJsonParser("error", "error")
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (Upload.isCrowded(body as string)) done(null, undefined)
    else void parse(request, body as string, done)
  })
  const refuse = (reply: FastifyReply, words: string) => Effect.succeed(gateway.refuse(reply, 400, words))
  const upload = handling(host, gateway, ({ body }, reply) => {
    const sent = Upload.read(body)
    if (typeof sent === "string") return refuse(reply, sent)
    return Effect.map(store.keep(sent), (timestamp) => reply.send({ status: "success", timestamp }))
  })
  const download = handling(host, gateway, (request, reply) => {
    const username = usernameOf(request)
    if (username === undefined) return refuse(reply, "Missing username")
    return Effect.map(store.kept(username), (kept) =>
      kept === undefined ? gateway.refuse(reply, 404, "No data found") : reply.type(json).send(textOf(kept))
    )
  })
  const devices = handling(host, gateway, (request, reply) => {
    const username = usernameOf(request)
    if (username === undefined) return refuse(reply, "Missing username")
    return Effect.map(store.devices(username), (found) => reply.send({ devices: found }))
  })
  const status = handling(host, gateway, (_, reply) =>
    Effect.map(ProjectAiStore.nowText, (timestamp) => reply.send({ status: "online", timestamp }))
  )
  // The client joins with a slash, also to an address that ends in one.
  for (const base of [`${mount}/`, `${mount}//`]) {
    app.post(`${base}upload`, upload)
    app.get(`${base}download`, download)
    app.get(`${base}devices`, devices)
    app.get(`${base}api/status`, status)
  }
}

const json = "application/json; charset=utf-8"

/** Digits need no look for what JSON would escape, and there may be millions. */
const textOf = ({ encrypted_data, ...facts }: ProjectAiStore.Kept): Buffer =>
  Buffer.from(`${JSON.stringify(facts).slice(0, -1)},"encrypted_data":"${encrypted_data}"}`)

const usernameOf = ({ query }: FastifyRequest): string | undefined => {
  const { username } = query as { readonly username?: unknown }
  return Upload.isUsername(username) ? username : undefined
}
