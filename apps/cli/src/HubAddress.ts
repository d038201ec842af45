/** Addresses of hubs as people type them. Nothing is asked or resolved here. */
import { Effect } from "effect"
import { because, UsageInvalid } from "./CliError.ts"

/** Where a hub listens unless it is told otherwise. */
export const hubDefault = "http://127.0.0.1:5342"

/** The address with its scheme, and without a slash or the path of devices at its end; fails with `UsageInvalid`. */
export const of = Effect.fnUntraced(function* (text: string) {
  const address = (/^\w+:\/\//.test(text) ? text : `http://${text}`).replace(/(\/sl)?\/*$/, "")
  if (/^(https?|wss?):\/\//.test(address) && URL.canParse(address)) return address
  return yield* because(
    new UsageInvalid({ problem: `${text} is no hub address; write it as http://host:port or https://host` })
  )
})

/** Where devices are served at a hub: below its path, where it has one behind a proxy. */
export const deviceAddress = (address: string): string =>
  new URL(address).pathname === "/" ? address : `${address}/sl`

/** The hub's meeting place for pairings, beside the path of devices. */
export const meetingPlace = (address: string): string => `${address}/pair`
