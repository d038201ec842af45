/**
 * Nodes that come to trust each other by a code, as a program without Effect would use them.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Entity, MemoryTransport, PeerId, type Transport } from "@syncline/core"
import { MemoryMeeting } from "@syncline/core/pairing"
import { personal } from "@syncline/policy"
import { Effect, Schema } from "effect"
import { afterEach, describe, expect, it, vi } from "vitest"
import * as DeviceKeyFile from "../../src/DeviceKeyFile.ts"
import {
  createOrchestratorWithPairing,
  type OrchestratorWithPairing,
  type OrchestratorWithPairingOptions
} from "../../src/pairing/createOrchestratorWithPairing.ts"
import type { PairingRequest } from "../../src/pairing/PairingControl.ts"

const Task = Entity.make("task", { title: Entity.lww(Schema.String) })
const entities = { task: Task }
type Entities = typeof entities

const cleanups: Array<() => Promise<void> | void> = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const network = MemoryTransport.makeNetwork()
let names = 0

const open = async (
  place: MemoryMeeting.MemoryPlace,
  name: string,
  more: Partial<OrchestratorWithPairingOptions<Entities>> = {}
): Promise<OrchestratorWithPairing<Entities> & { readonly store: string }> => {
  const store = mkdtempSync(join(tmpdir(), "syncline-pairing-"))
  cleanups.push(() => rmSync(store, { recursive: true, force: true }))
  const opened = await createOrchestratorWithPairing({
    space: "home",
    store,
    entities,
    name,
    policy: (trusted) => personal({ trusted }),
    transports: [MemoryTransport.make(network, `paired ${names++}`)],
    meeting: MemoryMeeting.make(place),
    ...more
  })
  cleanups.push(opened.close)
  return { ...opened, store }
}

/** Finds whoever listens in a network of one process; each device has an address after its key. */
const nearbyIn =
  (nearby: MemoryTransport.MemoryNetwork) =>
  ({ seed }: Transport.TransportHost): Transport.Transport => {
    const own = DeviceKeyFile.deviceKey(seed).peer
    const addressOf = (peer: PeerId.PeerId): string => `memory:${peer}`
    const watch: Transport.Finder["watch"] = (onFound) =>
      Effect.suspend(() => {
        const found = [...nearby.listeners.keys()].map((address) => address.slice("memory:".length)).filter(PeerId.is)
        return Effect.forEach(
          found.filter((peer) => peer !== own),
          onFound,
          { discard: true }
        )
      })
    return { ...MemoryTransport.make(nearby, own), finder: { addressOf, looksFar: false, watch } }
  }

const peerOf = ({ node }: OrchestratorWithPairing<Entities>): PeerId.PeerId => {
  if (!PeerId.is(node.peer)) throw new Error(`${node.peer} is no device`)
  return node.peer
}

const seen = async <A>(look: () => Promise<ReadonlyArray<A>>): Promise<A> =>
  vi.waitFor(async () => {
    const [found] = await look()
    if (found === undefined) throw new Error("nothing yet")
    return found
  })

describe("createOrchestratorWithPairing", () => {
  it("[CP-1] trusts by a code in both directions, and the nodes sync", async () => {
    const place = MemoryMeeting.makePlace()
    const asked: Array<PairingRequest> = []
    const laptop = await open(place, "laptop", {
      onRequest: (request) => {
        asked.push(request)
        return true
      }
    })
    const phone = await open(place, "phone", { routes: [{ address: laptop.node.addresses[0]! }] })
    const code = await laptop.pairing.generateSyncCode()
    expect(code.digits).toMatch(/^\d{4}-\d{4}-\d{4}$/)
    expect(code.words!.split("-")).toHaveLength(4)
    expect(code.link).toMatch(/^syncline:pair\?/)
    expect(code.expires.getTime() - Date.now()).toBeGreaterThan(290_000)
    let number = ""
    const verdict = await phone.pairing.verifySyncCode(code.words!, { onCheckNumber: (said) => void (number = said) })
    expect(verdict).toEqual({ isVerified: true, peer: laptop.node.peer, name: "laptop" })
    expect(await code.paired).toMatchObject({ peer: phone.node.peer, name: "phone", checkNumber: number })
    expect(asked).toHaveLength(1)
    expect(await laptop.pairing.trustedPeers()).toEqual([phone.node.peer])
    expect(await phone.pairing.trustedPeers()).toEqual([laptop.node.peer])
    expect(await phone.pairing.isTrusted(laptop.node.peer)).toBe(true)
    expect(readFileSync(join(laptop.store, "trusted-peers"), "utf8")).toContain("# phone, paired")
    await laptop.node.task.put({ title: "Milk" })
    const hash = await laptop.node.hash()
    expect(hash.count).toBe(1)
    await vi.waitFor(async () => expect(await phone.node.hash()).toEqual(hash), 15_000)
    expect(await phone.pairing.revokeTrust(laptop.node.peer)).toBe(true)
    expect(await phone.pairing.isTrusted(laptop.node.peer)).toBe(false)
    expect(await phone.pairing.trustPeer(laptop.node.peer, "back")).toBe(true)
  })

  it("[CP-2] lets nobody in without a yes: of the callback, or of who answers what is pending", async () => {
    const place = MemoryMeeting.makePlace()
    const phone = await open(place, "phone")
    for (const onRequest of [() => false, () => Promise.reject(new Error("broken"))]) {
      const laptop = await open(MemoryMeeting.makePlace(), "laptop", { onRequest, meeting: MemoryMeeting.make(place) })
      const { cancel, digits } = await laptop.pairing.generateSyncCode()
      expect(await phone.pairing.verifySyncCode(digits)).toMatchObject({ isVerified: false, reason: "Declined" })
      expect([await laptop.pairing.trustedPeers(), await phone.pairing.trustedPeers()]).toEqual([[], []])
      await cancel()
    }
    const asking = await open(place, "desk")
    const { digits, paired } = await asking.pairing.generateSyncCode()
    const verdict = phone.pairing.verifySyncCode(digits)
    const request = await seen(asking.pairing.pendingRequests)
    expect(request).toMatchObject({ name: "phone", platform: process.platform })
    await asking.pairing.acceptRequest(request.id)
    expect((await verdict).isVerified).toBe(true)
    await paired
    await expect(asking.pairing.declineRequest(request.id)).rejects.toMatchObject({ reason: { _tag: "JoinUnknown" } })
  })

  it("[CP-3] says why a code brought nothing, and a typing error spends no attempt", async () => {
    const place = MemoryMeeting.makePlace()
    const [laptop, phone] = [await open(place, "laptop", { onRequest: () => true }), await open(place, "phone")]
    const { cancel, digits, paired } = await laptop.pairing.generateSyncCode()
    const other = digits.startsWith("9") ? "8" : "9"
    expect(await phone.pairing.verifySyncCode(other + digits.slice(1))).toMatchObject({ reason: "PairingCodeInvalid" })
    const kept = (): { readonly burntMs: ReadonlyArray<number> } =>
      JSON.parse(readFileSync(join(laptop.store, "pairing.json"), "utf8")) as {
        readonly burntMs: ReadonlyArray<number>
      }
    expect(kept().burntMs).toEqual([])
    await cancel()
    await expect(paired).rejects.toBeDefined()
    expect(await phone.pairing.verifySyncCode(digits)).toMatchObject({ isVerified: false, reason: "SlotEmpty" })
    const elsewhere = await open(place, "stranger", { space: "office", onRequest: () => true })
    const code = await elsewhere.pairing.generateSyncCode()
    expect(await phone.pairing.verifySyncCode(code.link!)).toMatchObject({ isVerified: false, reason: "SpaceDiffers" })
    expect(await elsewhere.pairing.trustedPeers()).toEqual([])
    expect(existsSync(join(phone.store, "trusted-peers"))).toBe(false)
  })

  it("[CP-5] pairs directly with whoever is found nearby, by six digits", async () => {
    const nearby = MemoryTransport.makeNetwork()
    const direct = nearbyIn(nearby)
    const place = MemoryMeeting.makePlace()
    const laptop = await open(place, "laptop", { meeting: { direct }, onRequest: () => true })
    const phone = await open(place, "phone", { meeting: { direct } })
    const { digits, link, paired, words } = await laptop.pairing.generateSyncCode()
    expect(digits).toMatch(/^\d{3}-\d{3}$/)
    expect([words, link]).toEqual([undefined, undefined])
    expect(await phone.pairing.verifySyncCode(digits)).toMatchObject({ isVerified: true, peer: laptop.node.peer })
    await paired
    expect(await laptop.pairing.trustedPeers()).toEqual([phone.node.peer])
    expect(await phone.pairing.trustedPeers()).toEqual([laptop.node.peer])
  })

  it("[CP-5] visits the inviter that is named where several invite", async () => {
    const direct = nearbyIn(MemoryTransport.makeNetwork())
    const place = MemoryMeeting.makePlace()
    const [laptop, desk] = [
      await open(place, "laptop", { meeting: { direct }, onRequest: () => true }),
      await open(place, "desk", { meeting: { direct }, onRequest: () => true })
    ]
    const { digits } = await laptop.pairing.generateSyncCode()
    const { cancel, paired } = await desk.pairing.generateSyncCode()
    paired.catch(() => undefined)
    const unsure = await open(place, "phone", { meeting: { direct } })
    expect(await unsure.pairing.verifySyncCode(digits)).toMatchObject({ reason: "SeveralInvite" })
    const sure = await open(place, "phone", { meeting: { direct, inviter: peerOf(laptop) } })
    expect(await sure.pairing.verifySyncCode(digits)).toMatchObject({ isVerified: true, name: "laptop" })
    await cancel()
  })

  it("[CP-4] refuses a device without a name before anything is opened", async () => {
    const place = MemoryMeeting.makePlace()
    await expect(open(place, "")).rejects.toBeInstanceOf(RangeError)
  })
})
