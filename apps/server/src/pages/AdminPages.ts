/**
 * The admin pages in the browser: `/` and every address of theirs gives the one document, which says below which path the hub lies, and the files
 * that it names. What is in them is `apps/admin`'s; whether somebody may do what they offer is asked at the REST interface.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import fastifyStatic from "@fastify/static"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"

/**
 * Only the hub's own files run, and only the hub is talked to. Styles within elements are how the pages' components place what they show; a style
 * runs nothing.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'"
].join("; ")

const missing = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Syncline hub</title></head><body><h1>The hub runs; its admin pages are not built</h1>
<p>Make them with <code>npm start</code>, or <code>node scripts/bundle.mjs</code>, and start the hub again. <a href="docs">The REST interface</a> is here.</p></body></html>`

/** For ever, as each file's name changes with its contents. */
const yearMs = 365 * 24 * 3_600_000

export interface PagesOptions {
  /** Where the built pages lie: `index.html` and `assets`. */
  readonly folder: string
  /** The path below which browsers see the hub, without a slash at its end; empty for none. */
  readonly publicPath: string
}

/** Adds the pages to a server. Without built ones `/` says how they are made. */
export const install = (app: FastifyInstance, { folder, publicPath }: PagesOptions): void => {
  const document = documentOf(folder, publicPath)
  const show = (_request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    reply.header("content-security-policy", contentSecurityPolicy).type("text/html; charset=utf-8").send(document)
  app.get("/", show)
  // Whoever asks for anything else that is not there, and is no browser at an address, is told so.
  app.get("/*", (request, reply) => (isPage(request) ? show(request, reply) : reply.callNotFound()))
  if (!existsSync(join(folder, "assets"))) return
  void app.register(fastifyStatic, {
    root: join(folder, "assets"),
    prefix: "/assets/",
    decorateReply: false,
    index: false,
    preCompressed: true,
    immutable: true,
    maxAge: yearMs
  })
  app.get("/icon.svg", (_request, reply) => reply.type("image/svg+xml").send(readFileSync(join(folder, "icon.svg"))))
}

const documentOf = (folder: string, publicPath: string): string => {
  const file = join(folder, "index.html")
  if (!existsSync(file)) return missing
  const base = `<base href="${publicPath}/">`
  return readFileSync(file, "utf8").replace("<head>", `<head>${base}`)
}

/** Paths of machines are never pages. */
const machines = /^\/(api|assets|docs|openapi\.json|healthz|readyz|metrics|socket\.io|oidc|peer|sync)(\/|$|\?)/

const isPage = ({ headers, url }: FastifyRequest): boolean =>
  !machines.test(url) && (headers.accept ?? "").includes("text/html")
