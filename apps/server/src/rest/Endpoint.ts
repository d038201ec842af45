/**
 * One question of the REST interface as a value: where it is asked, by whom, with what, what it answers and how it may fail. The frame
 * serves it, checks it and describes it; it knows nothing of HTTP but the status of its answers.
 */
import type { AdminScope } from "@syncline/core/admin"
import type { Readable } from "node:stream"
import type { Effect, Schema } from "effect"
import type { Failure } from "./Failure.ts"
import type { Principal } from "./Principal.ts"

/** 404 it is not there, 409 it cannot be now, 422 it can never be, 429 too often, 503 try again later. */
export type ProblemStatus = 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 503

export type Access =
  /** Everybody; such an endpoint limits its callers by itself. */
  | { readonly kind: "open" }
  /** Whoever is signed in, about itself. */
  | { readonly kind: "self"; readonly isFresh?: boolean }
  | {
      readonly kind: "scope"
      readonly scope: AdminScope.AdminScope
      /** The person must have proven who it is within the last ten minutes. */
      readonly isFresh?: boolean
    }

/** One request, decoded. */
export interface Call<P, Q, B> {
  readonly params: P
  readonly query: Q
  readonly body: B
  /** `undefined` only at open endpoints. */
  readonly principal: Principal | undefined
  /** A UUID that stands in the log and in problems. */
  readonly requestId: string
  /** The caller's address. */
  readonly remote: string
  /** What the caller says that it is, at most 200 characters. */
  readonly userAgent: string
  /** The body of an endpoint that takes a file, as it arrives. */
  readonly file: Readable | undefined
  /** Gives the caller's browser a cookie, or takes it away. */
  readonly setCookie: (line: string) => void
}

export interface Endpoint<P, Q, B, A, E extends Failure, R> {
  /** The operation's name, e.g. `members.add`; in the audit it stands behind `hub/`. */
  readonly id: string
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Below `/api/v1`, with `:name` for what `params` describes. */
  readonly path: `/${string}`
  /** One line. */
  readonly summary: string
  /** What it is about, e.g. `members`. */
  readonly tag: string
  readonly access: Access
  /** Asked only where the space has a charter; a personal hub answers 404. */
  readonly isTeams?: boolean
  readonly params?: Schema.Codec<P, { readonly [name: string]: string }>
  readonly query?: Schema.Codec<Q, { readonly [name: string]: string }>
  readonly body?: Schema.Codec<B, unknown>
  /** The media type of a file that is its body, instead of JSON; it may take up to an hour to arrive. */
  readonly takes?: string
  /** Longest body, in bytes; default 64 KiB. A file's is counted by whoever reads it. */
  readonly bodyBytesMax?: number
  /** `none` answers 204; of `file`, `run` gives a `FileAnswer`. */
  readonly answer: Schema.Codec<A, unknown> | "none" | "file"
  /** Default 200. */
  readonly status?: 200 | 201 | 202
  /** The status of each reason that it may fail for. */
  readonly problems: { readonly [Reason in E["reason"]["_tag"]]: ProblemStatus }
  /** How long the answer may take, in milliseconds; default 5,000. */
  readonly answerMsMax?: number
  /** Words for the audit about what was done, without secrets; `path` for method and path. Absent where nothing changes. */
  readonly audit?: "path" | ((call: Call<P, Q, B>, answer: A) => string)
  readonly run: (call: Call<P, Q, B>) => Effect.Effect<A, E, R>
}

/** An endpoint in a list, where nobody knows its types any more but what it uses; what comes in is decoded before it runs. */
export interface AnyEndpoint<R = unknown> extends Omit<
  Endpoint<unknown, unknown, unknown, unknown, Failure, R>,
  "problems" | "audit" | "run"
> {
  readonly problems: { readonly [reason: string]: ProblemStatus }
  readonly audit?: "path" | ((call: Call<unknown, unknown, unknown>, answer: unknown) => string) | undefined
  readonly run: (call: Call<unknown, unknown, unknown>) => Effect.Effect<unknown, Failure, R>
}

/** Checks the types of an endpoint, then forgets them. */
export const endpoint = <P, Q, B, A, E extends Failure, R>(one: Endpoint<P, Q, B, A, E, R>): AnyEndpoint<R> =>
  one as unknown as AnyEndpoint<R>
