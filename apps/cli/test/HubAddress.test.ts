import { Effect } from "effect"
import { expect, it } from "vitest"
import * as HubAddress from "../src/HubAddress.ts"

it("[CL-193] a hub's address may have a path, below which devices and pairings are served", () => {
  for (const [typed, address, devices, meeting] of [
    ["hub:5342", "http://hub:5342", "http://hub:5342", "http://hub:5342/pair"],
    ["https://hub.example/", "https://hub.example", "https://hub.example", "https://hub.example/pair"],
    ["https://a.example/team/", "https://a.example/team", "https://a.example/team/sl", "https://a.example/team/pair"],
    ["https://a.example/team/sl", "https://a.example/team", "https://a.example/team/sl", "https://a.example/team/pair"]
  ] as const) {
    const found = Effect.runSync(HubAddress.of(typed))
    expect([found, HubAddress.deviceAddress(found), HubAddress.meetingPlace(found)]).toEqual([
      address,
      devices,
      meeting
    ])
  }
})
