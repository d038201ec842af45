/**
 * Nodes that come to trust each other by a code, as a program without Effect would use them.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Entity, MemoryTransport } from "@syncline/core"
import { MemoryMeeting } from "@syncline/core/pairing"
import { personal } from "@syncline/policy"
import { Schema } from "effect"
import { afterEach, describe, expect, it, vi } from "vitest"
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
    expect(code.words.split("-")).toHaveLength(4)
    expect(code.link).toMatch(/^syncline:pair\?/)
    expect(code.expires.getTime() - Date.now()).toBeGreaterThan(290_000)
    let number = ""
    const verdict = await phone.pairing.verifySyncCode(code.words, { onCheckNumber: (said) => void (number = said) })
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
    expect(await phone.pairing.verifySyncCode(code.link)).toMatchObject({ isVerified: false, reason: "SpaceDiffers" })
    expect(await elsewhere.pairing.trustedPeers()).toEqual([])
    expect(existsSync(join(phone.store, "trusted-peers"))).toBe(false)
  })

  it("[CP-4] refuses a device without a name before anything is opened", async () => {
    const place = MemoryMeeting.makePlace()
    await expect(open(place, "")).rejects.toBeInstanceOf(RangeError)
  })
})
