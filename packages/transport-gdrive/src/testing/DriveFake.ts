/**
 * A server on this machine that speaks the REST of Google Drive v3, and of Google's sign-in, to the unmodified client, and
 * behaves as badly as a test asks. It holds everything in memory, and is no check of Google's own behaviour.
 */
import { Clock, Effect, type Scope } from "effect"
import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { DriveEndpoints, OAuthApp } from "../GoogleDriveOptions.ts"
import type { DriveTokens } from "../TokenStore.ts"
import {
  type Chance,
  draw,
  type DriveFaults,
  type Fault,
  happens,
  type PlannedFault,
  plannedMax,
  steady
} from "./FakeFaults.ts"
import { type FakeFile, FakeFiles, FakeRefusal, shown } from "./FakeFiles.ts"
import { app, type Consent, FakeOAuth, TokenRefusal } from "./FakeOAuth.ts"
import { jsonOf, partsOf, picked, type Route, routeOf } from "./FakeRequest.ts"

export interface DriveFakeOptions {
  /** Where chances come from, e.g. core's `SeededRandom`; without it nothing happens by chance. */
  readonly chance?: Chance
  /** Entries of a page at most, so that few files make many pages; default 1,000. */
  readonly pageSizeMax?: number
  /** Whose Drive it is; default `mia@example.com`. */
  readonly account?: string
}

/** One request that came. */
export interface Asked {
  readonly method: string
  /** The login that asked, or an empty text. */
  readonly client: string
  readonly atMs: number
  /** What it was answered with; 0 while it was not, or where the connection broke. */
  status: number
  /** Seconds after which it was asked to come again. */
  retryAfterS: number
}

export interface DriveFake {
  readonly endpoints: DriveEndpoints
  readonly app: OAuthApp
  readonly faults: DriveFaults
  /** Requests so far, the newest 100,000. */
  readonly asked: ReadonlyArray<Asked>
  /** How many came, of one method or all. */
  readonly count: (method?: string) => number
  /** The next requests of a method fail so. */
  readonly plan: (fault: Omit<PlannedFault, "times"> & { readonly times?: number }) => void
  /** Tokens for a device; its name stands in `asked` and decides how late it sees. */
  readonly signIn: (client: string) => DriveTokens
  readonly setConsent: (consent: Consent) => void
  readonly expireTokens: () => void
  readonly revokeLogins: () => void
  /** Places in the changes that were given so far are no good any more. */
  readonly loseTokens: () => void
  /** What is there, the bin included. */
  readonly files: () => ReadonlyArray<FakeFile>
  /** Makes a file that no mailbox made; gives its id. */
  readonly plant: (
    file: Pick<FakeFile, "name" | "parents" | "appProperties"> & { readonly bytes?: Uint8Array }
  ) => string
  readonly trash: (id: string) => void
  readonly erase: (id: string) => void
}

/** Bytes of a request, as Drive limits an upload in one request. */
const bodyBytesMax = 5 * 1024 * 1024 + 65_536
const askedMax = 100_000

/** A fake, listening until the scope closes. Its time is the clock's. */
export const make = Effect.fnUntraced(function* (
  options: DriveFakeOptions = {}
): Effect.fn.Return<DriveFake, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const nowMs = () => clock.currentTimeMillisUnsafe()
  const context: Context = {
    files: new FakeFiles(nowMs),
    oauth: new FakeOAuth(nowMs),
    faults: steady(),
    planned: [],
    asked: [],
    chance: options.chance ?? { fraction: () => 1 },
    pageSizeMax: options.pageSizeMax ?? 1_000,
    account: options.account ?? "mia@example.com",
    nowMs
  }
  const root = yield* listen(context)
  const { asked, faults, files, oauth, planned } = context
  return {
    endpoints: { api: `${root}/`, consent: `${root}/auth`, token: `${root}/token`, revoke: `${root}/revoke` },
    app,
    faults,
    asked,
    count: (method) => asked.filter((each) => method === undefined || each.method === method).length,
    plan: (fault) => {
      if (planned.length >= plannedMax) planned.shift()
      planned.push({ times: 1, ...fault })
    },
    signIn: (client) => oauth.signIn(client),
    setConsent: (consent) => {
      oauth.consent = consent
    },
    expireTokens: () => oauth.expire(),
    revokeLogins: () => oauth.revoke(),
    loseTokens: () => files.loseTokens(),
    files: () => files.all(),
    plant: ({ appProperties, bytes, name, parents }) => {
      const id = files.newIds(1)[0]!
      const mimeType = bytes === undefined ? folderType : "application/octet-stream"
      return files.create({ id, name, mimeType, parents, appProperties, bytes }).id
    },
    trash: (id) => files.trash(id),
    erase: (id) => files.delete(id)
  }
})

interface Context {
  readonly files: FakeFiles
  readonly oauth: FakeOAuth
  readonly faults: DriveFaults
  readonly planned: Array<PlannedFault>
  readonly asked: Array<Asked>
  readonly chance: Chance
  readonly pageSizeMax: number
  readonly account: string
  readonly nowMs: () => number
}

const folderType = "application/vnd.google-apps.folder"

const listen = (context: Context): Effect.Effect<string, never, Scope.Scope> => {
  const opened = Effect.callback<Server>((resume) => {
    const server = createServer((request, response) => {
      handle(context, request, response).catch(() => response.destroy())
    })
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  })
  const close = (server: Server): Effect.Effect<void> =>
    Effect.callback((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
  return Effect.map(Effect.acquireRelease(opened, close), (server) => {
    const address = server.address()
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
  })
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const handle = async (context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? "/", "http://127.0.0.1")
  const route = routeOf(request.method ?? "", url)
  const body = await bodyOf(request)
  if (route === undefined || body === undefined) {
    return send(response, refusal(new FakeRefusal(route === undefined ? 404 : 413, "invalid")))
  }
  const client = context.oauth.clientOf(request.headers.authorization)
  if (context.asked.length >= askedMax) context.asked.shift()
  const asked: Asked = { method: route.method, client: client ?? "", atMs: context.nowMs(), status: 0, retryAfterS: 0 }
  context.asked.push(asked)
  const { chance, faults, planned } = context
  if (faults.latencyMsMax > 0) await sleep(chance.fraction() * faults.latencyMsMax)
  const fault = draw(faults, planned, chance, route.method)
  if (fault !== undefined) Object.assign(asked, { status: fault.status, retryAfterS: fault.retryAfterS ?? 0 })
  if (fault?.when === "before") return sendFault(response, fault)
  const contentType = request.headers["content-type"] ?? ""
  const answer = answerTo(context, { route, url, body, client, contentType })
  if (fault?.when === "after") return sendFault(response, fault)
  asked.status = answer.status
  return send(response, answer)
}

interface Request {
  readonly route: Route
  readonly url: URL
  readonly body: Buffer
  readonly client: string | undefined
  readonly contentType: string
}

const answerTo = (context: Context, request: Request): Answer => {
  try {
    if (request.route.method === "consent") return consent(context, request)
    if (request.route.method === "token") {
      return { status: 200, body: context.oauth.token(new URLSearchParams(request.body.toString("utf8"))) }
    }
    if (request.route.method === "revoke") {
      const token = request.url.searchParams.get("token") ?? ""
      return context.oauth.revokeBy(token)
        ? { status: 200, body: {} }
        : { status: 400, body: { error: "invalid_token", error_description: "no" } }
    }
    if (request.client === undefined || happens(context.chance, context.faults.expiry)) {
      throw new FakeRefusal(401, "authError")
    }
    const fields = request.url.searchParams.get("fields")
    const { body, ...rest } = perform(context, request, context.faults.lagMsOf(request.client))
    return { ...rest, body: fields === null || Buffer.isBuffer(body) ? body : picked(body, fields) }
  } catch (error) {
    if (error instanceof TokenRefusal) return { status: 400, body: { error: error.message, error_description: "no" } }
    if (error instanceof FakeRefusal) return refusal(error)
    return refusal(new FakeRefusal(400, "parseError"))
  }
}

const consent = ({ oauth }: Context, { url }: Request): Answer => {
  const location = oauth.redirect(url.searchParams)
  if (location === undefined) throw new FakeRefusal(400, "invalid")
  return { status: 302, body: "", headers: { location } }
}

const perform = (context: Context, request: Request, lagMs: number): Answer => {
  const { files } = context
  const id = request.route.id ?? ""
  const { searchParams } = request.url
  const pageSize = Math.min(Number(searchParams.get("pageSize") ?? 100), context.pageSizeMax)
  const ok = (body: unknown): Answer => ({ status: 200, body })
  switch (request.route.method) {
    case "about":
      return ok({ user: { permissionId: idOf(context.account), emailAddress: context.account } })
    case "generateIds":
      return ok({ kind: "drive#generatedIds", ids: files.newIds(Number(searchParams.get("count") ?? 10)) })
    case "create":
      return ok(show(files, create(context, request)))
    case "get":
      return ok(show(files, files.get(id)))
    case "download":
      return download(context, files.get(id))
    case "delete":
      files.delete(id)
      return { status: 204, body: "" }
    case "list": {
      const found = files.find(searchParams.get("q") ?? "", lagMs)
      const from = Number(searchParams.get("pageToken") ?? 0)
      const page = found.slice(from, from + pageSize)
      const next = from + pageSize < found.length ? { nextPageToken: String(from + pageSize) } : {}
      // What was deleted, or put into the bin, looks as it did before to whoever sees late.
      return ok({ ...next, files: page.map((file) => shown(file, files.isTrashed(file, context.nowMs() - lagMs))) })
    }
    case "startPageToken":
      return ok({ startPageToken: files.startToken() })
    case "changes":
      return ok(changes(context, searchParams.get("pageToken") ?? "", lagMs, pageSize))
    default:
      throw new FakeRefusal(404, "notFound")
  }
}

/** Google's number of an account. */
const idOf = (account: string): string => `1${createHash("sha256").update(account).digest().readUIntBE(0, 6)}`

const show = (files: FakeFiles, file: FakeFile) => shown(file, files.isTrashed(file))

const create = ({ faults, files }: Context, { body, contentType, url }: Request): FakeFile => {
  const isUpload = url.pathname.startsWith("/upload/")
  const { bytes, json } = isUpload ? partsOf(contentType, body) : { json: jsonOf(body), bytes: undefined }
  if (faults.isFull && bytes !== undefined) throw new FakeRefusal(403, "storageQuotaExceeded")
  const isSpoilt = bytes !== undefined && faults.spoilt > 0
  if (isSpoilt) faults.spoilt -= 1
  const kept = isSpoilt ? bytes.subarray(0, bytes.length >> 1) : bytes
  return files.create({
    id: String(json["id"]),
    name: String(json["name"]),
    mimeType: String(json["mimeType"]),
    parents: (json["parents"] ?? []) as ReadonlyArray<string>,
    appProperties: (json["appProperties"] ?? {}) as Readonly<Record<string, string>>,
    bytes: kept === undefined ? undefined : Uint8Array.from(kept)
  })
}

const download = ({ chance, faults }: Context, { bytes }: FakeFile): Answer => {
  if (bytes === undefined) throw new FakeRefusal(403, "fileNotDownloadable")
  const isPart = bytes.length > 0 && happens(chance, faults.truncate)
  const body = Buffer.from(isPart ? bytes.subarray(0, Math.floor(chance.fraction() * bytes.length)) : bytes)
  return { status: 200, body, headers: { "content-type": "application/octet-stream" } }
}

const changes = ({ chance, faults, files }: Context, token: string, lagMs: number, pageSize: number) => {
  const { ids, isLast, next } = files.changes(token, lagMs, pageSize)
  const told = ids.flatMap((id) => (happens(chance, faults.duplicate) ? [id, id] : [id]))
  return {
    kind: "drive#changeList",
    ...(isLast ? { newStartPageToken: next } : { nextPageToken: next }),
    changes: told.map((fileId) => {
      const file = files.all().find((each) => each.id === fileId)
      return file === undefined
        ? { kind: "drive#change", fileId, removed: true }
        : { kind: "drive#change", fileId, removed: false, file: show(files, file) }
    })
  }
}

const refusal = ({ reason, status }: FakeRefusal): Answer => ({
  status,
  body: { error: { code: status, message: reason, errors: [{ domain: "global", reason, message: reason }] } }
})

const sendFault = (response: ServerResponse, { reason, retryAfterS, status }: Fault): void => {
  if (status === 0) return void response.destroy()
  const headers = retryAfterS === undefined || retryAfterS === 0 ? {} : { "retry-after": String(retryAfterS) }
  send(response, { ...refusal(new FakeRefusal(status, reason)), headers })
}

const send = (response: ServerResponse, { body, headers, status }: Answer): void => {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body))
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": String(status === 204 ? 0 : bytes.length),
    ...headers
  })
  response.end(status === 204 ? undefined : bytes)
}

const bodyOf = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Array<Buffer> = []
  let length = 0
  for await (const chunk of request) {
    const bytes = chunk as Buffer
    length += bytes.length
    if (length > bodyBytesMax) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
