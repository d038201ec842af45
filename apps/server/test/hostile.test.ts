/**
 * What somebody may try over the network: each attempt is refused by its code and counted, leaves nothing in the
 * journal, and costs honest devices nothing.
 */
import { SqliteJournal, TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { describe, expect, it, vi } from "vitest"
import { commitOf, flipped, HostileClient, type Identity, identity, nestedFrame, sendLarge } from "./hostileClient.ts"
import { type HubProcess, metric, startHub, temporaryFolder, until } from "./hubProcess.ts"

// Guards against hanging only: each test starts a process, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 })

interface Siege {
  readonly hub: HubProcess
  /** Trusted by the hub, and played by the hostile client. */
  readonly member: Identity
  readonly counted: (kind: "sessions" | "commits" | "socketio", why: string) => Promise<number>
  /** Nothing was stored, and the hub serves people and devices as before. */
  readonly isUnharmed: () => Promise<void>
}

const labels = { sessions: "reason", commits: "code", socketio: "reason" } as const

const besiege = async (): Promise<Siege> => {
  const data = temporaryFolder()
  const [member, honest] = [identity(), identity()]
  for (const { peer } of [member, honest]) await Effect.runPromise(TrustFile.add(data, peer))
  const hub = await startHub({ data })
  const head = () =>
    Effect.runPromise(Effect.scoped(Effect.flatMap(SqliteJournal.openReadOnly({ folder: data }), ({ head }) => head)))
  const before = await head()
  return {
    hub,
    member,
    counted: (kind, why) => metric(hub, `syncline_${kind}_refused_total{${labels[kind]}="${why}"}`),
    isUnharmed: async () => {
      expect(await head()).toBe(before)
      expect(await metric(hub, "syncline_events_applied_total")).toBe(0)
      const health = await fetch(`${hub.url}/healthz`)
      expect(await health.json()).toEqual({ status: "ok" })
      const client = await HostileClient.dial(hub.url)
      expect(await client.enter(honest)).toMatchObject({ head: before, count: 0 })
    }
  }
}

describe("a hub under attack", () => {
  it("[HB-15] refuses a stranger with a valid proof", async () => {
    const { counted, hub, isUnharmed } = await besiege()
    const client = await HostileClient.dial(hub.url)
    await client.greet({ as: identity() })
    expect(await client.hear()).toEqual({ _tag: "Error", code: "PeerDenied", detail: "" })
    expect(await counted("sessions", "PeerDenied")).toBe(1)
    await isUnharmed()
  })

  it("[HB-15] refuses the recorded greeting of an earlier connection", async () => {
    const { counted, hub, isUnharmed, member } = await besiege()
    const earlier = await HostileClient.dial(hub.url)
    const recorded = await earlier.greet({ as: member })
    expect(await earlier.hear()).toMatchObject({ _tag: "HelloAck" })
    await earlier.close()
    const client = await HostileClient.dial(hub.url)
    await client.greet({ as: member, replayed: recorded })
    expect(await client.refusal()).toBe("ProofInvalid")
    expect(await counted("sessions", "ProofInvalid")).toBe(1)
    await isUnharmed()
  })

  it("[HB-15] refuses who claims to be a trusted device without its key", async () => {
    const { counted, hub, isUnharmed, member } = await besiege()
    const client = await HostileClient.dial(hub.url)
    await client.greet({ as: member, signer: identity() })
    expect(await client.refusal()).toBe("ProofInvalid")
    expect(await counted("sessions", "ProofInvalid")).toBe(1)
    await isUnharmed()
  })

  it("[HB-16] refuses commits that somebody else signed, also from a trusted device", async () => {
    const { counted, hub, isUnharmed, member } = await besiege()
    const client = await HostileClient.dial(hub.url)
    await client.enter(member)
    const ack = await client.deliver([commitOf(member, "forged", identity()), commitOf(identity(), "taken", member)])
    expect(ack).toMatchObject({ applied: 0, held: 0, gaps: 0, refused: [["SignatureInvalid", 2]] })
    expect(await counted("commits", "SignatureInvalid")).toBe(2)
    await isUnharmed()
  })

  it("[HB-16] refuses a good commit with any one byte changed by a bit", async () => {
    const { counted, hub, isUnharmed, member } = await besiege()
    const good = commitOf(member, "good")
    const client = await HostileClient.dial(hub.url)
    await client.enter(member)
    const ack = await client.deliver(flipped(good))
    // One bit makes it a commit of a later version, which is kept and not merged.
    expect(ack).toMatchObject({ applied: 0, held: 1, gaps: 0 })
    expect(ack.refused.reduce((sum, [, commits]) => sum + commits, 0)).toBe(good.length - 1)
    for (const [code, commits] of ack.refused) expect(await counted("commits", code)).toBe(commits)
    await isUnharmed()
    const again = await HostileClient.dial(hub.url)
    await again.enter(member)
    expect(await again.deliver([good])).toMatchObject({ applied: 1, refused: [] })
  })

  it("[HB-17] ends a connection that sends lists within lists, proven or not", async () => {
    const { counted, hub, isUnharmed, member } = await besiege()
    const stranger = await HostileClient.dial(hub.url)
    await stranger.sayBytes(nestedFrame(40))
    expect(await stranger.refusal()).toBe("FrameTooDeep")
    const large = await HostileClient.dial(hub.url)
    await large.sayBytes(nestedFrame(1000))
    expect(await large.refusal()).toBe("ProtocolViolated")
    const client = await HostileClient.dial(hub.url)
    await client.enter(member)
    await client.sayBytes(nestedFrame(40))
    expect(await client.refusal()).toBe("FrameTooDeep")
    expect(await counted("sessions", "FrameTooDeep")).toBe(2)
    expect(await counted("sessions", "ProtocolViolated")).toBe(1)
    await isUnharmed()
  })

  it("[HB-17] ends a connection that sends a message of 10 MiB", async () => {
    const { counted, hub, isUnharmed } = await besiege()
    await sendLarge(hub.url, 10 * 1024 * 1024, false)
    await sendLarge(hub.url, 10 * 1024 * 1024, true)
    await until(async () => (await counted("socketio", "oversize")) === 2, 10_000)
    // The second had become a link, the first had not.
    expect(await metric(hub, `syncline_socketio_connections_total{direction="in"}`)).toBe(1)
    expect(await metric(hub, "syncline_sessions_live")).toBe(0)
    await isUnharmed()
  })
})
