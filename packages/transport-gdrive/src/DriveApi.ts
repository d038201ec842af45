/**
 * Drive v3 through the unmodified client: the few requests that a mailbox needs, each with a token, a time limit and the
 * policy of retries, their answers read with schemas. It knows no mailbox, and nobody else knows the client.
 */
import { type drive_v3, drive } from "@googleapis/drive"
import { Effect, Metric, Redacted, Schema } from "effect"
import { OAuth2Client } from "google-auth-library"
import { Readable } from "node:stream"
import type { DriveAccess } from "./DriveAccess.ts"
import { type DriveFailure, failure, ofError } from "./DriveFailure.ts"
import { requestsTotal } from "./DriveMetrics.ts"
import { retried } from "./DriveRetry.ts"
import type { GoogleDriveSettings } from "./GoogleDriveOptions.ts"

const Nullable = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const File = Schema.Struct({
  id: Schema.String,
  mimeType: Nullable(Schema.String),
  size: Nullable(Schema.String),
  md5Checksum: Nullable(Schema.String),
  trashed: Nullable(Schema.Boolean),
  parents: Nullable(Schema.Array(Schema.String)),
  appProperties: Nullable(Schema.Record(Schema.String, Schema.NullOr(Schema.String)))
})
export type DriveFile = typeof File.Type

/** How Drive says that a file is a folder. */
export const folderType = "application/vnd.google-apps.folder"
const fileFields = "id,mimeType,size,md5Checksum,trashed,parents,appProperties"

const Files = Schema.Struct({ nextPageToken: Nullable(Schema.String), files: Schema.Array(File) })
const Changes = Schema.Struct({
  nextPageToken: Nullable(Schema.String),
  newStartPageToken: Nullable(Schema.String),
  changes: Schema.Array(
    Schema.Struct({ fileId: Nullable(Schema.String), removed: Nullable(Schema.Boolean), file: Nullable(File) })
  )
})
const Ids = Schema.Struct({ ids: Schema.Array(Schema.String).check(Schema.isMinLength(1)) })
const About = Schema.Struct({
  user: Schema.Struct({ permissionId: Schema.NonEmptyString, emailAddress: Nullable(Schema.String) })
})
const StartToken = Schema.Struct({ startPageToken: Schema.String })

/** Entries of one page, the most that Drive gives. */
const pageSize = 1_000

export interface NewFile {
  readonly id: string
  readonly name: string
  readonly parents?: ReadonlyArray<string>
  readonly appProperties: Readonly<Record<string, string>>
}

export interface DriveApi {
  /** Whose Drive it is. */
  readonly about: Effect.Effect<typeof About.Type, DriveFailure>
  /** Ids that nobody else gets, for files to be made. */
  readonly newIds: (count: number) => Effect.Effect<ReadonlyArray<string>, DriveFailure>
  /** Fails with `exists` when there is, or was, a file of that id; then the file may be this one. */
  readonly create: (file: NewFile, bytes: Uint8Array) => Effect.Effect<DriveFile, DriveFailure>
  readonly createFolder: (folder: NewFile) => Effect.Effect<DriveFile, DriveFailure>
  readonly look: (id: string) => Effect.Effect<DriveFile, DriveFailure>
  /** All of a file, at most `bytesMax`; fails with `oversize` before more is in memory. */
  readonly download: (id: string, bytesMax: number) => Effect.Effect<Uint8Array, DriveFailure>
  readonly remove: (id: string) => Effect.Effect<void, DriveFailure>
  /** A page of the files that a query names, the oldest first. */
  readonly find: (q: string, page: string | undefined) => Effect.Effect<typeof Files.Type, DriveFailure>
  /** The place in the list of changes where it ends now. */
  readonly startToken: Effect.Effect<string, DriveFailure>
  readonly changes: (token: string) => Effect.Effect<typeof Changes.Type, DriveFailure>
}

type Params = { readonly auth: OAuth2Client }
type Options = {
  readonly rootUrl: string
  readonly retry: false
  readonly timeout: number
  readonly signal: AbortSignal
}
type Ask = (params: Params, options: Options) => Promise<{ readonly data: unknown }>

export const make = (settings: GoogleDriveSettings, access: DriveAccess): DriveApi => {
  const client = drive({ version: "v3" })
  const call = (method: string, ask: Ask): Effect.Effect<unknown, DriveFailure> =>
    retried(access.use((token) => request(settings, method, token, ask)))
  const { about, changes, files } = client
  return {
    about: read(
      About,
      call("about", (params, options) => about.get({ ...params, fields: "user(permissionId,emailAddress)" }, options))
    ),
    newIds: (count) =>
      Effect.map(
        read(
          Ids,
          call("generateIds", (params, options) => files.generateIds({ ...params, count, space: "drive" }, options))
        ),
        ({ ids }) => ids
      ),
    create: (file, bytes) =>
      read(
        File,
        call("create", (params, options) => files.create({ ...params, ...upload(file, bytes) }, options))
      ),
    createFolder: (folder) =>
      read(
        File,
        call("create", (params, options) =>
          files.create(
            { ...params, requestBody: { ...body(folder), mimeType: folderType }, fields: fileFields },
            options
          )
        )
      ),
    look: (fileId) =>
      read(
        File,
        call("get", (params, options) => files.get({ ...params, fileId, fields: fileFields }, options))
      ),
    download: (fileId, bytesMax) =>
      Effect.flatMap(
        call("download", (params, options) =>
          files.get(
            { ...params, fileId, alt: "media" },
            { ...options, responseType: "arraybuffer", maxContentLength: bytesMax }
          )
        ),
        bytesOf
      ),
    remove: (fileId) =>
      Effect.asVoid(call("delete", (params, options) => files.delete({ ...params, fileId }, options))),
    find: (q, page) =>
      read(
        Files,
        call("list", (params, options) => files.list({ ...params, ...search(q, page) }, options))
      ),
    startToken: Effect.map(
      read(
        StartToken,
        call("startPageToken", (params, options) => changes.getStartPageToken(params, options))
      ),
      ({ startPageToken }) => startPageToken
    ),
    changes: (pageToken) =>
      read(
        Changes,
        call("changes", (params, options) => changes.list({ ...params, ...following(pageToken) }, options))
      )
  }
}

/** One try. Each token has a client of its own without a refresh token, so the client never renews one by itself. */
const request = (
  { endpoints, requestMsMax }: GoogleDriveSettings,
  method: string,
  token: Redacted.Redacted<string>,
  ask: Ask
): Effect.Effect<unknown, DriveFailure> =>
  Effect.andThen(
    Metric.update(Metric.withAttributes(requestsTotal, { method }), 1),
    Effect.tryPromise({
      try: async (signal) => {
        const auth = new OAuth2Client({ credentials: { access_token: Redacted.value(token) } })
        // Uploads go to Google whatever the client's root is, unless each call says it.
        return (await ask({ auth }, { rootUrl: endpoints.api, retry: false, timeout: requestMsMax, signal })).data
      },
      catch: ofError
    })
  )

const read = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  answer: Effect.Effect<unknown, DriveFailure>
): Effect.Effect<S["Type"], DriveFailure> =>
  Effect.flatMap(answer, (data) =>
    Effect.mapError(Schema.decodeUnknownEffect(schema)(data), () =>
      failure("unreachable", "what answers is not Google Drive")
    )
  )

const body = ({ appProperties, id, name, parents }: NewFile): drive_v3.Schema$File => ({
  id,
  name,
  appProperties: { ...appProperties },
  ...(parents === undefined ? {} : { parents: [...parents] })
})

// The client takes no bytes as a body, only a stream; each try needs its own.
const upload = (file: NewFile, bytes: Uint8Array) => {
  const mimeType = "application/octet-stream"
  return {
    requestBody: { ...body(file), mimeType },
    media: { mimeType, body: Readable.from(bytes.length === 0 ? [] : [Buffer.from(bytes)]) },
    fields: fileFields
  }
}

const search = (q: string, page: string | undefined) => ({
  q,
  orderBy: "createdTime",
  pageSize,
  spaces: "drive",
  fields: `nextPageToken,files(${fileFields})`,
  ...(page === undefined ? {} : { pageToken: page })
})

const following = (pageToken: string) => ({
  pageToken,
  pageSize,
  spaces: "drive",
  includeRemoved: true,
  fields: `nextPageToken,newStartPageToken,changes(fileId,removed,file(${fileFields}))`
})

const bytesOf = (data: unknown): Effect.Effect<Uint8Array, DriveFailure> => {
  if (data instanceof ArrayBuffer) return Effect.succeed(new Uint8Array(data))
  if (data instanceof Uint8Array) return Effect.succeed(data)
  // An empty answer has no type that the client would keep to.
  return data === "" ? Effect.succeed(new Uint8Array(0)) : Effect.fail(failure("cut", "the answer is no file"))
}
