/**
 * Asks the hub's REST interface: every question of the pages goes through here. What the hub refuses becomes a `Refused` with the hub's
 * own words. A session that is over, or too old for what is asked, is told to whoever registered for it, who may have it asked again.
 */
import { heardTime } from "./hubClock.ts"

/** The path of the pages on the hub, with a slash at its end; other than `/` behind a proxy. */
export const base = new URL(document.baseURI).pathname

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

/** How long an answer may take, in milliseconds: the hub's longest comparison takes up to 55 s. */
const answerMsMax = 60_000

export interface Fault {
  readonly path: string
  readonly message: string
}

/** The hub said no, or could not be asked (`status` 0, code `Unreachable`). */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  readonly faults: ReadonlyArray<Fault>
  /** After how many seconds it makes sense to try again. */
  readonly retryAfterS: number | undefined

  constructor(status: number, code: string, detail: string, faults: ReadonlyArray<Fault> = [], retryAfterS?: number) {
    super(detail)
    this.name = "Refused"
    this.status = status
    this.code = code
    this.faults = faults
    this.retryAfterS = retryAfterS
  }
}

/** Values of a query; those that are not there are left out. */
export interface Query {
  readonly [name: string]: string | number | boolean | undefined
}

export interface Question {
  readonly query?: Query | undefined
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

interface Listeners {
  /** Nobody is signed in any more. */
  readonly onOver: () => void
  /** The person signs in anew; false where it does not want to. */
  readonly signInAgain: () => Promise<boolean>
}

let listeners: Listeners = { onOver: () => undefined, signInAgain: async () => false }

/** There is one page, and one who listens. */
export const listen = (to: Listeners): void => void (listeners = to)

/** Where something of the REST interface lies, e.g. for a link to a file. */
export const urlOf = (path: string, query: Query = {}): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "")
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return `${base}api/v1${path}${search === "" ? "" : `?${search}`}`
}

/** A part of a path. */
export const part = encodeURIComponent

/** Rejects with `Refused`. An answer without contents is `undefined`. */
export const ask = async <A>(method: Method, path: string, question: Question = {}): Promise<A> => {
  const response = await send(method, path, question)
  if (response.ok) return (response.status === 204 ? undefined : await jsonOf(response)) as A
  const refused = await refusalOf(response)
  if (refused.code === "SignInAgain" && (await listeners.signInAgain())) return ask(method, path, question)
  // Whoever asks who is signed in hears that it is nobody.
  if (refused.code === "SignInNeeded" && path !== "/session") listeners.onOver()
  throw refused
}

/** Asks whether somebody is signed in still; where nobody is, whoever listens hears it. */
export const hearIfOver = (): Promise<void> =>
  ask("GET", "/session").then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof Refused && error.status === 401) listeners.onOver()
    }
  )

/** What a proxy says in the hub's place is no answer. */
const jsonOf = (response: Response): Promise<unknown> =>
  response.json().catch(() => {
    const words = "Something between this browser and the hub answered in its place, or cut its answer off. Try again."
    throw new Refused(response.status, "NotUnderstood", words)
  })

const send = async (method: Method, path: string, { body, query, signal }: Question): Promise<Response> => {
  const limit = AbortSignal.timeout(answerMsMax)
  const askedMs = Date.now()
  try {
    const response = await fetch(urlOf(path, query), {
      method,
      credentials: "same-origin",
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } })
    })
    heardTime(response.headers.get("date"), askedMs, Date.now())
    return response
  } catch (error) {
    if (signal?.aborted === true) throw error
    throw new Refused(0, "Unreachable", "The hub cannot be reached. Is it running, and is this device online?")
  }
}

interface Problem {
  readonly detail?: string
  readonly code?: string
  readonly errors?: ReadonlyArray<Fault>
}

const refusalOf = async (response: Response): Promise<Refused> => {
  const problem = await response.json().then(
    (told: Problem) => told,
    () => ({}) as Problem
  )
  const { code = "Unknown", detail = `The hub answered ${response.status}.`, errors } = problem
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN)
  return new Refused(
    response.status,
    code,
    sentence(detail),
    errors,
    Number.isFinite(retryAfter) ? retryAfter : undefined
  )
}

/** The hub's words begin small, as parts of a log's line. */
const sentence = (words: string): string => {
  const text = words.charAt(0).toUpperCase() + words.slice(1)
  return /[.!?]$/.test(text) ? text : `${text}.`
}
