/**
 * A list of peers from an address, in the form that iSync publishes: who else there is, and where. It only says where one may
 * dial; who is let in the policy says, as ever. Whoever writes the list is trusted with nothing: it is bounded, and nothing
 * that it names is called unless it is on the internet.
 */
import { request } from "node:https"
import { isIP, type LookupFunction } from "node:net"
import { rootCertificates } from "node:tls"
import type { RouteList } from "@syncline/core"
import { Effect, Result, Schema } from "effect"
import { ListAddressRefused, ListMalformed, ListUnreachable, PeerListError } from "./PeerListError.ts"
import { isPublic, lookupPublic } from "./PublicAddress.ts"

/** Bytes of a list. */
export const listBytesMax = 256 * 1024
/** Peers that are read of one; what is beyond is left out. */
export const listedPeersMax = 256
/** How long the answer may take, in milliseconds. */
export const listMsMax = 8_000

/** A peer as a list names it. Nobody has checked what it says of itself. */
export interface ListedPeer {
  readonly name: string
  /** Where to dial: https, with a name or address of the internet. */
  readonly address: string
  readonly description: string
  readonly location: string
  /** The list's keeper says so. */
  readonly isVerified: boolean
}

const text = (max: number) => Schema.String.check(Schema.isMaxLength(max))

const Entry = Schema.Struct({
  name: text(128),
  url: text(512),
  description: Schema.optionalKey(text(1_024)),
  location: Schema.optionalKey(text(128)),
  verified: Schema.optionalKey(Schema.Boolean)
})

const decodeEntry = Schema.decodeUnknownResult(Entry)

export interface FetchOptions {
  /** Certificates of authorities that are trusted beside the usual ones, in PEM. */
  readonly ca?: string
  /** How names are looked up; nothing that is not on the internet, unless one's own says otherwise. */
  readonly lookup?: LookupFunction
}

/**
 * Fetches a list: verified peers first, else in its order, each address once. Redirects are not followed. Fails with
 * `ListAddressRefused`, `ListUnreachable` or `ListMalformed`, within `listMsMax`.
 */
export const fetchList = (
  url: string,
  options: FetchOptions = {}
): Effect.Effect<ReadonlyArray<ListedPeer>, PeerListError> =>
  Effect.gen(function* () {
    const problem = problemOf(url)
    if (problem !== undefined) return yield* fail(new ListAddressRefused({ url, problem }))
    return yield* parse(url, yield* bodyOf(url, options))
  })

/**
 * The list at an address as routes of a node, which fetches it now and then. What it names is dialled only where it stands on the
 * internet at that moment, whatever its name stood for before.
 */
export const routeList = (url: string, options: FetchOptions = {}): RouteList.RouteList => ({
  name: url,
  fetch: fetchList(url, options).pipe(
    Effect.map((peers) => peers.map(({ address }) => address)),
    Effect.mapError(({ message, reason }) => ({ code: reason._tag, message }))
  ),
  dial: { lookup: options.lookup ?? lookupPublic }
})

/** The peers in a list's text. An entry that is none, or leads nowhere that is called, is left out. */
export const parse = (url: string, body: string): Effect.Effect<ReadonlyArray<ListedPeer>, PeerListError> =>
  Effect.suspend(() => {
    let entries: unknown
    try {
      entries = JSON.parse(body)
    } catch {
      return fail(new ListMalformed({ url, problem: "it is no JSON" }))
    }
    if (!Array.isArray(entries)) return fail(new ListMalformed({ url, problem: "it is no list" }))
    const found = new Map<string, ListedPeer>()
    for (const entry of (entries as ReadonlyArray<unknown>).slice(0, listedPeersMax)) {
      const peer = peerOf(entry)
      if (peer !== undefined && !found.has(peer.address)) found.set(peer.address, peer)
    }
    const peers = [...found.values()]
    return Effect.succeed([...peers.filter((peer) => peer.isVerified), ...peers.filter((peer) => !peer.isVerified)])
  })

const peerOf = (entry: unknown): ListedPeer | undefined => {
  const decoded = decodeEntry(entry)
  if (Result.isFailure(decoded) || problemOf(decoded.success.url) !== undefined) return undefined
  const { description = "", location = "", name, url, verified = false } = decoded.success
  return { name, address: new URL(url).origin, description, location, isVerified: verified }
}

/** Why an address is not called, as far as it says so itself; what its name stands for is seen when it is called. */
const problemOf = (address: string): string | undefined => {
  if (!URL.canParse(address)) return "it is no address"
  const { hostname, password, protocol, username } = new URL(address)
  if (protocol !== "https:") return "it must begin with https:"
  if (username !== "" || password !== "") return "it must hold no name and no password"
  const bare = hostname.replace(/^\[|\]$/g, "")
  if (isIP(bare) !== 0) return isPublic(bare) ? undefined : `${bare} is no address of the internet`
  const isLocal =
    !bare.includes(".") || /\.(?:localhost|local|internal|home\.arpa|test|invalid|example|onion)\.?$/i.test(bare)
  return isLocal ? `${bare} is no name of the internet` : undefined
}

const fail = (reason: PeerListError["reason"]) => Effect.fail(new PeerListError({ reason }))

const bodyOf = (url: string, { ca, lookup = lookupPublic }: FetchOptions): Effect.Effect<string, PeerListError> =>
  Effect.callback<string, PeerListError>((resume) => {
    const unreachable = (problem: string): void => resume(fail(new ListUnreachable({ url, problem })))
    const trusted = ca === undefined ? {} : { ca: [...rootCertificates, ca] }
    const options = { ...trusted, lookup, headers: { accept: "application/json" }, agent: false }
    const asked = request(url, options, (response) => {
      if (response.statusCode !== 200) {
        response.destroy()
        return unreachable(`it answered ${response.statusCode ?? "nothing"}`)
      }
      const parts: Array<Buffer> = []
      let bytes = 0
      response.on("data", (part: Buffer) => {
        bytes += part.length
        if (bytes > listBytesMax) {
          response.destroy()
          resume(fail(new ListMalformed({ url, problem: `it has more than ${listBytesMax} bytes` })))
        } else parts.push(part)
      })
      response.on("end", () => resume(Effect.succeed(Buffer.concat(parts).toString("utf8"))))
      response.on("error", (error) => unreachable(error.message))
    })
    asked.on("error", (error) => unreachable(error.message))
    asked.end()
    return Effect.sync(() => asked.destroy())
  }).pipe(
    Effect.timeoutOrElse({
      duration: listMsMax,
      orElse: () => fail(new ListUnreachable({ url, problem: `no answer within ${listMsMax} ms` }))
    })
  )
