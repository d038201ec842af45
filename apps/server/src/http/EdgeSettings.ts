/**
 * The settings of the hub's edge: under which address people and devices call it, who stands in between, and its own certificate.
 * Where values come from is `HubConfig`'s business; no file is opened here.
 */
import { resolve } from "node:path"
import { listOf, pathOf, type Setting } from "../Setting.ts"
import * as Networks from "./Networks.ts"

export interface EdgeSettings {
  /** Where the hub is called from outside, e.g. `https://hub.example.com/team`, without a slash at its end; none where absent. */
  readonly publicUrl: string | undefined
  /** Networks of proxies whose word counts for whom they ask. */
  readonly trustedProxies: ReadonlyArray<string>
  /** Absolute paths of the hub's own certificate, with its chain, and its key; both or none. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined
}

/** The settings of a hub that nothing stands before. */
export const none: EdgeSettings = { publicUrl: undefined, trustedProxies: [], tls: undefined }

/** Of the address under which browsers call the hub, where that is not what they connect to. */
export const originOf = ({ publicUrl }: EdgeSettings): string | undefined =>
  publicUrl === undefined ? undefined : new URL(publicUrl).origin

const networksMax = 32
const urlCharsMax = 512
/** Parts of a path that mean the same to every proxy. */
const pathPattern = /^(\/[A-Za-z0-9._~-]+)*\/?$/

export const publicUrl: Setting<string> = {
  variable: "SYNCLINE_PUBLIC_URL",
  key: "publicUrl",
  fallback: "",
  allowed: "an address such as https://hub.example.com or https://example.com/syncline, with nothing behind the path",
  read: (value) => (typeof value === "string" ? addressIn(value) : undefined)
}

const addressIn = (text: string): string | undefined => {
  if (text.length > urlCharsMax || !/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined
  const { hash, host, password, pathname, protocol, search, username } = new URL(text)
  if (hash + search + username + password !== "" || text.includes("?") || text.includes("#")) return undefined
  if (!pathPattern.test(pathname) || /(^|\/)\.{1,2}(\/|$)/.test(pathname)) return undefined
  return `${protocol}//${host}${pathname.replace(/\/$/, "")}`
}

export const trustedProxies = listOf("SYNCLINE_TRUSTED_PROXIES", "trustedProxies", {
  max: networksMax,
  allowed: "addresses or networks such as 10.0.0.0/8 or fd00::/8",
  passes: Networks.isGiven
})

const fileOf = (variable: string, key: string, what: string) =>
  pathOf(variable, key, `the path of a file with ${what}, in PEM`)

export const tlsCertificate = fileOf("SYNCLINE_TLS_CERT", "tlsCert", "the hub's certificate and what signed it")
export const tlsKey = fileOf("SYNCLINE_TLS_KEY", "tlsKey", "the key of the hub's certificate")

/** All of them. */
export const settings = [publicUrl, trustedProxies, tlsCertificate, tlsKey] as const

/** The two files of a certificate, or which setting is missing. */
export const tlsOf = (
  certificate: string,
  key: string
): EdgeSettings["tls"] | { readonly missing: Setting<string> } => {
  if (certificate === "" && key === "") return undefined
  if (certificate === "") return { missing: tlsCertificate }
  if (key === "") return { missing: tlsKey }
  return { certificate: resolve(certificate), key: resolve(key) }
}
