/** Live events of a hub: who is let in, what each hears, and when it ends. */
import { type Journal, type Partition, PeerId, type SyncEvent } from "@syncline/core"
import { AdminScope } from "@syncline/core/admin"
import { describe, expect, it } from "vitest"
import * as LiveView from "../../src/live/LiveView.ts"
import { until } from "../hubProcess.ts"
import { knock, listen, openLiveHub } from "./liveHub.ts"

describe("who listens", () => {
  it("[HP-4] people, tokens and the hub's machine are let in, nobody else, and no page of another origin", async () => {
    const hub = await openLiveHub()
    const owner = await hub.owner()
    const made = await owner.ask("POST", "/tokens", { note: "x", scopes: ["peers:read"], days: 1 })
    const token = { authorization: `Bearer ${made.body["secret"]}` }
    for (const shown of [owner.shown, token, hub.door.shown]) expect(await knock(hub, shown)).toBe(101)
    const { cookie = "" } = owner.shown
    for (const [shown, status] of [
      [{}, 401],
      [{ cookie: "__Host-syncline=x", origin: hub.url }, 401],
      [{ authorization: "Bearer x", cookie }, 401],
      [{ cookie }, 403],
      [{ cookie, origin: "https://evil.example" }, 403],
      [{ cookie, origin: hub.url, "sec-fetch-site": "cross-site" }, 403],
      [{ cookie, origin: "null" }, 403]
    ] as const) {
      expect([shown, await knock(hub, shown)]).toEqual([shown, status])
    }
    expect((await fetch(`${hub.url}/api/v1/events/?EIO=4&transport=polling`)).status).toBe(404)
  })

  it("[HP-4] a listener ends within a second when its session, its token or its account does, and others do not", async () => {
    const hub = await openLiveHub()
    const owner = await hub.owner()
    const viewer = await hub.join(owner, "vic", "viewer")
    const made = await owner.ask("POST", "/tokens", { note: "x", scopes: ["peers:read"], days: 1 })
    const byToken = hub.by({ authorization: `Bearer ${made.body["secret"]}` })
    const listeners = [owner, viewer, byToken, hub.door].map((person) => listen(hub, person))
    const [ofOwner, ofViewer, ofToken, ofDoor] = listeners
    await until(() => listeners.every(({ isOpen }) => isOpen()), 3_000)
    const { id } = made.body["token"] as unknown as { readonly id: string }
    expect((await owner.ask("DELETE", `/tokens/${id}`)).status).toBe(204)
    await until(() => ofToken!.isOver(), 1_000)
    const accounts = (await owner.ask("GET", "/accounts")).body["items"] as unknown as ReadonlyArray<{ id: string; name: string }>
    const vic = accounts.find(({ name }) => name === "vic")!
    expect((await owner.ask("PATCH", `/accounts/${vic.id}`, { isDisabled: true })).status).toBe(200)
    await until(() => ofViewer!.isOver(), 1_000)
    expect([ofOwner!.isOver(), ofDoor!.isOver()]).toEqual([false, false])
    expect((await owner.ask("DELETE", "/session")).status).toBe(204)
    await until(() => ofOwner!.isOver(), 1_000)
    expect(await knock(hub, owner.shown)).toBe(401)
    expect(ofDoor!.isOver()).toBe(false)
    await hub.stop()
    await until(() => ofDoor!.isOver(), 1_000)
  })
})
