/**
 * Whom a device trusts, as a file that people and `syncline trust` edit: `<folder>/trusted-peers`. A running node sees
 * a change within a second, because it looks; signals of the file system are not used, as the journal beside it would
 * cause thousands of them. What trust allows is the policy's business.
 */
import { readFileSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { Occupancy, PeerId } from "@syncline/core"
import { Effect, PubSub, Schedule, type Scope, Stream } from "effect"
import {
  TrustedPeerInvalid,
  TrustFileError,
  TrustFileInaccessible,
  TrustFileTaken,
  TrustLineInvalid
} from "./TrustFileError.ts"
import * as GuardedFile from "./GuardedFile.ts"
import * as TrustList from "./TrustList.ts"

/** A list that follows its file. Policies take it as it is. */
export interface WatchedTrust {
  /** Everyone trusted now; another set object after each change. */
  readonly current: () => ReadonlySet<PeerId.PeerId>
  /** Emits after each change. */
  readonly changes: Stream.Stream<void>
}

/** How often a running node looks at the file. */
export const lookEveryMs = 500
/** A larger file is refused unread: it would hold more peers than a person has. */
export const fileBytesMax = 1024 * 1024

/** Peers that fit into such a file: each is a line of 53 bytes. */
export const trustedPeersMax = Math.floor(fileBytesMax / 53)
/** A change that nobody has looked at yet stands for all later ones. */
const changesWaitingMax = 1

/** The file in a folder. */
export const trustFile = (folder: string): string => join(resolve(folder), "trusted-peers")

/** Everyone in the file; nobody when there is none. */
export const read = (folder: string): Effect.Effect<ReadonlySet<PeerId.PeerId>, TrustFileError> =>
  Effect.suspend(() => {
    const path = trustFile(folder)
    const list = attempt(path, () => TrustList.parse(textOf(path)))
    return Effect.flatMap(list, ({ invalid, peers }) =>
      invalid[0] === undefined ? Effect.succeed(peers) : Effect.fail(lineInvalid(path, invalid[0]))
    )
  })

/** Adds a peer; false when it was there already. The comment stands behind it in the file. */
export const add = (folder: string, peer: string, comment?: string): Effect.Effect<boolean, TrustFileError> =>
  change(folder, peer, (text, valid) =>
    TrustList.parse(text).peers.has(valid) ? text : TrustList.withPeer(text, valid, comment)
  )

/** Removes a peer; false when it was not there. */
export const remove = (folder: string, peer: string): Effect.Effect<boolean, TrustFileError> =>
  change(folder, peer, TrustList.withoutPeer)

/**
 * Follows the file until the scope closes. Fails when the file is malformed now. Later a malformed line grants nothing
 * and is logged, so that a slip of the pen never keeps somebody trusted; a file that cannot be read changes nothing.
 */
export const watch = (folder: string): Effect.Effect<WatchedTrust, TrustFileError, Scope.Scope> =>
  Effect.gen(function* () {
    const path = trustFile(folder)
    const watched = { peers: yield* read(folder), complaint: "" }
    const changes = yield* PubSub.sliding<void>(changesWaitingMax)
    const look = Effect.flatMap(lookAgain(path, watched), (isChanged) =>
      isChanged ? PubSub.publish(changes, undefined) : Effect.void
    )
    const length = (): number => watched.peers.size
    yield* Occupancy.watch([{ kind: "queue", name: "trusted_peers", limit: trustedPeersMax, length }])
    yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(lookEveryMs)))
    return { current: () => watched.peers, changes: Stream.fromPubSub(changes) }
  })

interface Watched {
  peers: ReadonlySet<PeerId.PeerId>
  /** What was last complained about, so that it is logged once and not every second. */
  complaint: string
}

const lookAgain = Effect.fnUntraced(function* (path: string, watched: Watched) {
  const found = yield* Effect.result(attempt(path, () => TrustList.parse(textOf(path))))
  const [wrong] = found._tag === "Success" ? found.success.invalid : []
  const complaint =
    found._tag === "Failure" ? found.failure.message : wrong === undefined ? "" : lineInvalid(path, wrong).message
  if (complaint !== "" && complaint !== watched.complaint) yield* Effect.logError(complaint)
  watched.complaint = complaint
  if (found._tag === "Failure" || isSame(found.success.peers, watched.peers)) return false
  watched.peers = found.success.peers
  return true
})

const isSame = (a: ReadonlySet<PeerId.PeerId>, b: ReadonlySet<PeerId.PeerId>): boolean =>
  a.size === b.size && [...a].every((peer) => b.has(peer))

const lineInvalid = (path: string, at: TrustList.TrustList["invalid"][number]): TrustFileError =>
  new TrustFileError({ reason: new TrustLineInvalid({ path, ...at }) })

const textOf = (path: string): string => {
  try {
    const { size } = statSync(path)
    if (size > fileBytesMax) throw new Error(`it has ${size} bytes, and at most ${fileBytesMax} make sense`)
    return readFileSync(path, "utf8")
  } catch (error) {
    if (codeOf(error) === "ENOENT") return ""
    throw error
  }
}

const change = (
  folder: string,
  peer: string,
  edit: (text: string, peer: PeerId.PeerId) => string
): Effect.Effect<boolean, TrustFileError> => {
  if (!PeerId.is(peer)) return Effect.fail(new TrustFileError({ reason: new TrustedPeerInvalid({ text: peer }) }))
  const path = trustFile(folder)
  return Effect.suspend(() => attempt(path, () => replace(path, (text) => edit(text, peer)))).pipe(
    Effect.retry({ while: isTaken, schedule: Schedule.spaced(GuardedFile.turnMs), times: turnsMax })
  )
}

const turnsMax = 100

const isTaken = (error: TrustFileError): boolean => error.reason._tag === "TrustFileTaken"

const replace = (path: string, edit: (text: string) => string): boolean => {
  const isChanged = GuardedFile.change(path, () => textOf(path), edit)
  if (isChanged === undefined) throw new TrustFileError({ reason: new TrustFileTaken({ path }) })
  return isChanged
}

const attempt = <A>(path: string, body: () => A): Effect.Effect<A, TrustFileError> =>
  Effect.try({
    try: body,
    catch: (error) => {
      if (error instanceof TrustFileError) return error
      const problem = error instanceof Error ? error.message : String(error)
      return new TrustFileError({ reason: new TrustFileInaccessible({ path, problem }) })
    }
  })

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | null)?.code
