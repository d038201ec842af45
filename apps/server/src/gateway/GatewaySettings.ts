/**
 * The settings of the gateways: which are open, to whom, and for how much. Where values come from is `HubConfig`'s business.
 */
import * as Networks from "../http/Networks.ts"
import { listOf, type Setting, type Switch, switchOf, wholeNumber } from "../Setting.ts"

export interface GatewaySettings {
  readonly projectAi: Switch
  readonly galileosky: Switch
  /** Whether a client of Galileosky's may clear everything that its gateway keeps. */
  readonly galileoskyClear: Switch
  /** Origins of Galileosky's devices that the hub calls when a client asks for it. */
  readonly galileoskyPeers: ReadonlyArray<string>
  /** Origins whose pages may call Galileosky's gateway. */
  readonly galileoskyPages: ReadonlyArray<string>
  readonly isync: Switch
  /** Peers that iSync's gateway accepts at a time, 1 to 1,000. */
  readonly isyncPeers: number
  /** Largest body that a gateway takes, in MiB, 1 to 50. */
  readonly bodyMebibytes: number
  /** Networks whose addresses may call; all where there is none. */
  readonly from: ReadonlyArray<string>
}

/** The settings of a hub without gateways. */
export const none: GatewaySettings = {
  projectAi: "off",
  galileosky: "off",
  galileoskyClear: "off",
  galileoskyPeers: [],
  galileoskyPages: [],
  isync: "off",
  isyncPeers: 3,
  bodyMebibytes: 50,
  from: []
}

/** Networks, or origins, that a setting takes. */
const sourcesMax = 64

export const projectAi = switchOf("SYNCLINE_GATEWAY_PROJECT_AI", "gatewayProjectAi")

export const galileosky = switchOf("SYNCLINE_GATEWAY_GALILEOSKY", "gatewayGalileosky")

export const galileoskyClear = switchOf("SYNCLINE_GATEWAY_GALILEOSKY_CLEAR", "gatewayGalileoskyClear")

const origins = (variable: string, key: string) =>
  listOf(variable, key, { max: sourcesMax, allowed: "origins such as http://192.168.1.20:3001", passes: isOrigin })

/** As browsers write it. */
const isOrigin = (text: unknown): boolean =>
  typeof text === "string" && /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text

export const galileoskyPeers = origins("SYNCLINE_GATEWAY_GALILEOSKY_PEERS", "gatewayGalileoskyPeers")

export const galileoskyPages = origins("SYNCLINE_GATEWAY_GALILEOSKY_PAGES", "gatewayGalileoskyPages")

export const isync = switchOf("SYNCLINE_GATEWAY_ISYNC", "gatewayIsync")

export const isyncPeers: Setting<number> = {
  variable: "SYNCLINE_GATEWAY_ISYNC_PEERS",
  key: "gatewayIsyncPeers",
  fallback: none.isyncPeers,
  allowed: "a whole number from 1 to 1000",
  read: wholeNumber(1, 1_000)
}

export const bodyMebibytes: Setting<number> = {
  variable: "SYNCLINE_GATEWAY_BODY_MIB",
  key: "gatewayBodyMib",
  fallback: none.bodyMebibytes,
  allowed: "a whole number from 1 to 50",
  read: wholeNumber(1, 50)
}

export const from = listOf("SYNCLINE_GATEWAY_FROM", "gatewayFrom", {
  max: sourcesMax,
  allowed: "addresses or networks such as 192.168.1.0/24 or fd00::/8",
  passes: Networks.isGiven
})
