/**
 * The settings of signing in by another service: where it is, as what the hub is known there, and whose claims are which member's. Where
 * values come from is `HubConfig`'s business; no file is opened here.
 */
import { isIP } from "node:net"
import { CharterOperation } from "@syncline/core"
import type { Redacted } from "effect"
import { pathOf, type Setting } from "../Setting.ts"

/** A claim with this text is the member's. */
export interface MappedClaim {
  readonly claim: string
  readonly text: string
  readonly member: string
}

export interface OidcSettings {
  readonly issuer: string
  readonly clientId: string
  /** None where the service knows the hub by its address alone. */
  readonly clientSecret: Redacted.Redacted<string> | undefined
  readonly members: ReadonlyArray<MappedClaim>
}

const mappedMax = 1_000
const textCharsMax = 512

const isText = (value: unknown): value is string => typeof value === "string" && value.length <= textCharsMax

export const issuer: Setting<string> = {
  variable: "SYNCLINE_OIDC_ISSUER",
  key: "oidcIssuer",
  fallback: "",
  allowed: "the https address of an OpenID Connect provider, or an http one of this machine",
  read: (value) => (isText(value) && (value === "" || isIssuer(value)) ? value : undefined)
}

/** What comes from there decides who signs in, so nobody on the way may change it. */
const isIssuer = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { hash, hostname, password, protocol, search, username } = new URL(text)
  if (hash + search + password + username !== "") return false
  const isHere =
    hostname === "localhost" || hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127."))
  return protocol === "https:" || (protocol === "http:" && isHere)
}

export const clientId: Setting<string> = {
  variable: "SYNCLINE_OIDC_CLIENT_ID",
  key: "oidcClientId",
  fallback: "",
  allowed: "the name under which the provider knows the hub",
  read: (value) => (isText(value) ? value : undefined)
}

export const clientSecretFile = pathOf(
  "SYNCLINE_OIDC_CLIENT_SECRET_FILE",
  "oidcClientSecretFile",
  "the path of a file whose first line is the client's secret"
)

export const members: Setting<ReadonlyArray<MappedClaim>> = {
  variable: "SYNCLINE_OIDC_MEMBERS",
  key: "oidcMembers",
  fallback: [],
  allowed: `at most ${mappedMax} claims such as email:mia@example.com=mia, with commas between`,
  read: (value) => {
    const given: unknown = typeof value === "string" ? value.split(",").map((each) => each.trim()) : value
    if (!Array.isArray(given) || given.length > mappedMax) return undefined
    const mapped = given.filter((each) => each !== "").map(claimIn)
    return mapped.every((each) => each !== undefined) ? mapped : undefined
  }
}

const claimIn = (text: unknown): MappedClaim | undefined => {
  if (!isText(text)) return undefined
  const [, claim, value, member] = /^([A-Za-z_]\w*):(.+)=([^=]+)$/.exec(text) ?? []
  if (claim === undefined || value === undefined || member === undefined || !CharterOperation.isId(member))
    return undefined
  return { claim, text: value, member }
}
