/**
 * Ten thousand forbidden operations by members of a team with real devices: they speak the wire well, and have no right to
 * what they do. Nothing of it may have any effect, all of it must be found in the audit or in the metrics, and the hub must
 * go on as if nothing had been.
 */
import { Bytes, Commit, Compression, type PeerId } from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { NodeCrypto } from "@syncline/node"
import { describe, expect, it, vi } from "vitest"
import { ForgedRecords } from "./forgedRecords.ts"
import { HostileClient, type Identity, nestedFrame } from "./hostileClient.ts"
import { until } from "./hubProcess.ts"
import { ask, write } from "./localDoor.ts"
import { MemberByHand } from "./memberByHand.ts"
import { type Loot, Misdeeds, type Standing } from "./misdeeds.ts"
import { formOf, pairOf, probeKinds } from "./probes.ts"
import { type AuditLine, besiege, charterOf, denials, family, lootOf, openLead, secret, standingOf } from "./siege.ts"

// Guards against hanging only: it takes about 20 s.
vi.setConfig({ testTimeout: 180_000 })

const seed = 20
const perBatch = 100

type Siege = Awaited<ReturnType<typeof besiege>>
type Wrong = readonly [code: string, say: (member: MemberByHand) => Promise<void>]

/** How often each kind of operation was done. */
class Tally {
  readonly kinds = new Map<string, number>()

  count(kind: string, times = 1): void {
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + times)
  }

  /** How often those were done whose names begin so; all without one. */
  sum(prefix = ""): number {
    return [...this.kinds].reduce((sum, [kind, times]) => (kind.startsWith(prefix) ? sum + times : sum), 0)
  }
}

/** Delivers misdeeds of an author over somebody's link; each must get the verdict that it deserves. */
const misbehave = async (tally: Tally, link: MemberByHand, misdeeds: Misdeeds, count: number): Promise<void> => {
  for (let done = 0; done < count; done += perBatch) {
    const batch = Array.from({ length: perBatch }, () => misdeeds.next())
    const ack = await link.deliver(batch.map(({ commit }) => commit))
    expect(ack).toMatchObject({ applied: 0, held: 0, gaps: 0 })
    const codes = new Map(ack.verdicts.map(([index, reason]) => [index, ack.reasons[reason]![0]]))
    batch.forEach(({ codes: expected, kind }, index) => {
      expect([kind, expected]).toEqual([kind, expect.arrayContaining([codes.get(index)])])
      tally.count(`commit: ${kind}`)
    })
  }
}

const forge = async (tally: Tally, link: MemberByHand, forged: ForgedRecords, count: number): Promise<void> => {
  for (let done = 0; done < count; done += perBatch) {
    const batch = Array.from({ length: perBatch }, () => forged.next())
    await link.bring(batch.map(({ record }) => record))
    for (const { kind } of batch) tally.count(`charter: ${kind}`)
  }
}

/** Asks about the south and about what is nowhere; nobody could tell one answer from the other. */
const probe = async (
  tally: Tally,
  link: MemberByHand,
  random: SeededRandom.SeededRandom,
  count: number
): Promise<void> => {
  await link.disagree()
  for (let done = 0; done < count; done += 2) {
    const type = random.pick(["task", "note"])
    const [i, j] = [random.between(0, 11), random.between(100, 999)]
    const there = { type, team: "south", id: `${type === "task" ? "s" : "sn"}${i}` }
    const absent = { type, team: `south${j}`, id: random.chance(0.5) ? there.id : `s${j}` }
    const { kind, one, other } = pairOf(random, link.as, there, absent)
    const [known, unknown] = [await link.compare(one.step), await link.compare(other.step)]
    expect([kind, formOf(known, one.names)]).toEqual([kind, formOf(unknown, other.names)])
    expect([kind, known.pushed]).toEqual([kind, []])
    tally.count(`asked: ${kind}`, 2)
  }
}

/** What is written over a record of the south and what is written nowhere get one answer. */
const guess = async (tally: Tally, link: MemberByHand, misdeeds: Misdeeds, loot: Loot): Promise<void> => {
  for (const id of loot.south) {
    const acks = []
    for (const [team, guessed] of [
      ["south", id],
      ["south", `${id}00`],
      ["south99", id]
    ] as const) {
      acks.push({ ...(await link.deliver([misdeeds.guess(team, guessed)])), batch: 0 })
      tally.count("commit: a guessed id")
    }
    expect(acks[0]).toMatchObject({ refused: [["Denied", 1]] })
    expect(acks.slice(1)).toEqual([acks[0], acks[0]])
  }
}

const wrongFrames = (random: SeededRandom.SeededRandom): ReadonlyArray<Wrong> => {
  const noise = Uint8Array.from({ length: 40 }, (_, i) => (i === 0 ? 0 : random.between(0, 255)))
  const challenge = { _tag: "Challenge", version: 1, nonce: new Uint8Array(16), peer: new Uint8Array(32) } as const
  const ack = { _tag: "EventAck", batch: 999, upto: 0, applied: 0, held: 0, gaps: 0, refused: [], reasons: [] } as const
  return [
    ["FrameTooDeep", (member) => member.sayBytes(nestedFrame(40))],
    ["FrameMalformed", (member) => member.sayBytes(noise)],
    ["MessageUnknown", (member) => member.sayBytes(Uint8Array.of(0, 0x92, 0, 99))],
    ["ProtocolViolated", (member) => member.say(challenge)],
    ["ProtocolViolated", (member) => member.say({ ...ack, verdicts: [] })]
  ]
}

/** Each ends a session with its code. */
const breakFrames = async (tally: Tally, { hub }: Siege, as: Identity, rounds: number): Promise<void> => {
  const random = new SeededRandom.SeededRandom(seed, 99)
  for (let round = 0; round < rounds; round++) {
    for (const [code, say] of wrongFrames(random)) {
      const member = await MemberByHand.enter(hub.url, as)
      await say(member)
      expect(await member.ended()).toBe(code)
      await member.close()
      tally.count(`session: ${code}`)
    }
  }
}

const noKind = (seen: ReadonlyMap<string, number>, kinds: ReadonlyArray<string>): ReadonlyArray<string> =>
  kinds.filter((kind) => !seen.has(kind))

/** No message ever held a commit of another team, or a word of one. */
const heardNothingOfTheSouth = ({ commits, heard }: MemberByHand): void => {
  for (const bytes of commits) {
    const { header } = Commit.open(bytes) as Commit.PackedCommit
    expect(header.partition.header).toEqual({ team: "north" })
  }
  const frames = heard.map((message) =>
    JSON.stringify(message, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value
    )
  )
  expect(frames.filter((frame) => frame.includes(secret))).toEqual([])
}

/** Before and after the attack: what the hub, the honest device and the charter are. */
const standing = async ({ data, honest }: Siege) => ({
  hub: await standingOf(data),
  honest: await honest.hash(),
  charter: await charterOf(data)
})

/** Notes that it may write, one of them as the allowed half of a commit. */
const ownNotes = async (member: MemberByHand, loot: Loot): Promise<void> => {
  const own = new Misdeeds(new SeededRandom.SeededRandom(seed, 7), member.as, loot, "member")
  const title = { s: { title: "mine" } }
  expect(await member.deliver([own.seal([{ entity: loot.own, ops: title }])])).toMatchObject({
    applied: 1,
    refused: []
  })
  const both = own.seal([
    { entity: "half", ops: title },
    { entity: loot.notes[0]!, ops: title }
  ])
  const packed = Commit.open(both) as Commit.PackedCommit
  const events = Commit.openEvents(NodeCrypto.functions, Compression.stored, packed) as Commit.CommitEvents
  const [allowed, forbidden] = [0, 1].map((place) => Commit.takePart(packed, events, [place]))
  expect(await member.deliver([allowed!])).toMatchObject({ applied: 1, refused: [] })
  for (const rest of [forbidden!, both]) {
    expect(await member.deliver([rest, allowed!])).toMatchObject({ applied: 0, refused: [["Revoked", 1]] })
  }
}

interface Attacker {
  readonly link: MemberByHand
  readonly misdeeds: Misdeeds
  readonly forged: ForgedRecords
}

const attacker = (
  siege: Siege,
  loot: Loot,
  link: MemberByHand,
  [as, self, standing, stream]: readonly [Identity, string, Standing, number]
): Attacker => {
  const random = new SeededRandom.SeededRandom(seed, stream)
  const known = { records: link.charter.records, hub: siege.hub.peer as PeerId.PeerId, self, other: "hana" }
  return { link, misdeeds: new Misdeeds(random, as, loot, standing), forged: new ForgedRecords(random, as, known) }
}

describe("members that do what they may not", () => {
  it("[HB-55] [HB-56] [HB-57] [SE-25] ten thousand forbidden operations have no effect, and all are found", async () => {
    const siege = await besiege()
    const { cara, data, honest, hub, mal, newcomer, rex, rita } = siege
    const tally = new Tally()
    const endWatching = watchQueues(siege)
    const [m, r, x, c] = [
      await MemberByHand.enter(hub.url, mal),
      await MemberByHand.enter(hub.url, rita),
      await MemberByHand.enter(hub.url, rex),
      await MemberByHand.enter(hub.url, cara)
    ]
    const loot = await lootOf(m, "mine")
    await ownNotes(m, loot)
    await until(async () => (await honest.note.get("half")) !== undefined, 10_000)
    expect(await honest.note.get(loot.notes[0]!)).toMatchObject({ title: "note 0" })
    const a = attacker(siege, loot, m, [mal, "mal", "member", 1])
    const b = attacker(siege, loot, r, [rita, "rita", "readonly", 2])
    const gone = attacker(siege, loot, c, [rex, "rex", "removed", 3])
    const before = await standing(siege)
    const random = new SeededRandom.SeededRandom(seed, 4)

    await misbehave(tally, m, a.misdeeds, 2_500)
    await misbehave(tally, r, b.misdeeds, 1_500)
    await misbehave(tally, x, attacker(siege, loot, x, [rex, "rex", "member", 5]).misdeeds, 500)
    await forge(tally, m, a.forged, 600)
    await forge(tally, r, b.forged, 300)
    await probe(tally, m, random, 600)
    await guess(tally, m, a.misdeeds, loot)
    expect(await standing(siege)).toEqual(before)

    expect(await write(data, { _tag: "RemoveMember", member: "rex" })).toMatchObject({ status: 200 })
    await x.ended()
    for (let i = 0; i < 10; i++) {
      const again = await HostileClient.dial(hub.url)
      await again.greet({ as: rex, charter: m.charter.digest })
      await expect(again.hearOf("HelloAck")).rejects.toThrow("PeerDenied")
      await again.close()
      tally.count("session: PeerDenied")
    }
    const removed = await charterOf(data)
    await misbehave(tally, c, gone.misdeeds, 2_000)
    await forge(tally, c, gone.forged, 300)
    await misbehave(tally, m, a.misdeeds, 1_000)
    await probe(tally, r, random, 400)
    await forge(tally, m, a.forged, 300)
    for (const link of [m, r, c]) heardNothingOfTheSouth(link)
    await breakFrames(tally, siege, cara, 6)

    expect(tally.sum()).toBeGreaterThanOrEqual(10_000)
    for (const { forged, misdeeds } of [a, b, gone]) {
      expect(
        noKind(
          tally.kinds,
          misdeeds.kinds.map((kind) => `commit: ${kind}`)
        )
      ).toEqual([])
      expect(
        noKind(
          tally.kinds,
          forged.kinds.map((kind) => `charter: ${kind}`)
        )
      ).toEqual([])
    }
    expect([...tally.kinds.keys()].filter((kind) => kind.startsWith("asked")).length).toBe(probeKinds)
    expect(await standing(siege)).toEqual({ ...before, charter: removed })
    // Not even kept beside the ones that count: all that came is the one that took rex out.
    const { charter } = await MemberByHand.enter(hub.url, cara)
    expect(charter.records.slice(0, -1).map(Bytes.toHex)).toEqual(m.charter.records.map(Bytes.toHex))
    await isAudited(siege, tally)
    await isCounted(siege, tally)
    expect(await endWatching()).toEqual([])
    await goesOn(siege, newcomer)
  })
})

const listed = async ({ data }: Siege, { peer }: Identity) => {
  const entries = await denials(data, peer)
  const times = (isMeant: (entry: AuditLine) => boolean): number =>
    entries.filter(isMeant).reduce((sum, entry) => sum + entry.times, 0)
  return { says: new Set(entries.map(({ action, decision, detail }) => `${action} ${decision.rule} ${detail}`)), times }
}

const isAudited = async (siege: Siege, tally: Tally): Promise<void> => {
  const { cara, data, mal, rex, rita } = siege
  // Entries are written once a second.
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const [ofMal, ofRita] = [await listed(siege, mal), await listed(siege, rita)]
  const [ofRex, ofCara] = [await listed(siege, rex), await listed(siege, cara)]
  const [north, south] = ["north", "south"].map((name) => `{"team":"${name}"}`)
  const codes = ["SignatureInvalid", "CommitMalformed", "CommitForged", "SpaceForeign", "EventMalformed"]
  const faults = codes.map((code) => `receive commit/${code} commits`)
  const writes = [
    `default task\n${south}`,
    `default note\n${south}`,
    `default task\n${north}`,
    `default note\n${north}`
  ]
  const asked = [`send default task\n${south} asked for`, `send default note\n${south} asked for`]
  const all = [...faults, ...writes.map((each) => `receive ${each}`), ...asked, ...wishes]
  expect([...all, `receive no-salary task\n${north}`].filter((each) => !ofMal.says.has(each))).toEqual([])
  expect(all.filter((each) => !ofRita.says.has(each))).toEqual([])
  expect(ofRex.times(({ action, decision }) => action === "admit" && decision.rule === "charter/device")).toBe(10)
  const carried = ["task", "note"].map((type) => `receive charter/device ${type}\n${north} by ${rex.peer}`)
  expect([...faults, ...carried].filter((each) => !ofCara.says.has(each))).toEqual([])
  const sum = (isMeant: (entry: AuditLine) => boolean): number =>
    [ofMal, ofRita, ofCara].reduce((times, each) => times + each.times(isMeant), 0)
  // A bit changed in a receipt leaves a record that is known already, and which nobody need refuse.
  const [forged, altered] = [tally.sum("charter: "), tally.sum("charter: altered")]
  const refused = sum(({ decision }) => decision.rule === "charter/record")
  expect([refused <= forged, refused >= forged - altered]).toEqual([true, true])
  // A group of partitions is asked about by digits, which name none.
  expect(sum(({ detail }) => detail.endsWith(" asked for"))).toBe(
    (tally.sum("asked: ") - tally.sum("asked: a group")) / 2
  )
  expect((await ask(data, "audit/verify")).body).toMatchObject({ fault: null })
}

/** What they would have had the charter say. */
const wishes = [
  "",
  " Found",
  " Found AddMember RemoveMember",
  " AddMember",
  " AddDevice",
  " PauseDevice",
  " RemoveDevice",
  " RenameMember",
  " RemoveMember",
  " RemoveTeam",
  " SetDeviceLimit",
  " SetMemberRole",
  " SetMemberTeams",
  " SetPolicy",
  " SetRole"
].map((operations) => `receive charter/record charter${operations}`)

/** Each refused commit, and each session that ended by the fault of who spoke, is counted by its code. */
const isCounted = async ({ hub }: Siege, tally: Tally): Promise<void> => {
  const commits = await family(hub, "syncline_commits_refused_total")
  const counted = [...commits.values()].reduce((sum, times) => sum + times, 0)
  // Two more came before: the forbidden half of a commit, alone and within the whole.
  expect(counted).toBe(tally.sum("commit: ") + 2)
  const sessions = await family(hub, "syncline_sessions_refused_total")
  for (const [kind, times] of tally.kinds) {
    if (!kind.startsWith("session: ")) continue
    expect([kind, sessions.get(`reason="${kind.slice("session: ".length)}"`)]).toEqual([kind, times])
  }
}

/** Looks at the queues and caches again and again until it is told to end; gives those that were beyond their bounds. */
const watchQueues = ({ hub }: Siege) => {
  const beyond = new Set<string>()
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      const lengths = await family(hub, "syncline_(?:queue|cache)_length")
      const limits = await family(hub, "syncline_(?:queue|cache)_limit")
      for (const [name, length] of lengths) if (!(length <= limits.get(name)!)) beyond.add(`${name}: ${length}`)
      if (lengths.size < 10 || limits.size !== lengths.size) beyond.add(`${lengths.size} queues and caches`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  })()
  return async () => {
    isOver = true
    await watching
    return [...beyond]
  }
}

const goesOn = async ({ data, honest, hub }: Siege, newcomer: string): Promise<void> => {
  expect(hub.child.exitCode).toBe(null)
  const node = await openLead(newcomer, hub)
  await honest.task.put({ id: "after", team: "south", title: "after the siege" })
  await until(async () => (await node.task.get("after")) !== undefined, 20_000)
  await until(async () => (await node.hash()).hash === (await honest.hash()).hash, 20_000)
  expect((await standingOf(data)).hash).toBe((await node.hash()).hash)
}
