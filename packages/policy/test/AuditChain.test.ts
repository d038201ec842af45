import { hash } from "node:crypto"
import { SeededRandom, SimulatedCrypto } from "@syncline/core/testing"
import { describe, expect, it } from "vitest"
import * as AuditChain from "../src/AuditChain.ts"
import { peer } from "./space.ts"

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash("sha256", bytes, "buffer"))

const facts = (n: number): AuditChain.AuditFacts => ({
  atMs: 1_800_000_000_000 + n,
  action: (["admit", "send", "receive", "write"] as const)[n % 4]!,
  peer: peer(1 + (n % 3)),
  decision: { allowed: n % 2 === 0, rule: `r${n}`, policyVersion: n, because: "because" },
  detail: `task\n{"team":"${n}"}`,
  times: 1 + (n % 5)
})

const chain = (count: number, start: AuditChain.AuditStart = AuditChain.beginning): Array<AuditChain.AuditEntry> => {
  const entries: Array<AuditChain.AuditEntry> = []
  for (let n = 0; n < count; n++) entries.push(AuditChain.next(sha256, entries.at(-1) ?? start, facts(n)))
  return entries
}

const firstBad = (entries: ReadonlyArray<AuditChain.AuditEntry>, start = AuditChain.beginning) =>
  AuditChain.firstBad(sha256, start, entries)

describe("the audit", () => {
  it("[AU-1] is a chain: a changed, missing, added or moved entry is named", () => {
    const entries = chain(50)
    expect(firstBad(entries)).toBeUndefined()
    const changes: ReadonlyArray<Partial<AuditChain.AuditEntry>> = [
      { atMs: 1 },
      { action: "write" },
      { peer: peer(9) },
      { decision: { ...entries[20]!.decision, allowed: false } },
      { decision: { ...entries[20]!.decision, rule: "other" } },
      { decision: { ...entries[20]!.decision, policyVersion: 1 } },
      { decision: { ...entries[20]!.decision, because: "another" } },
      { detail: "" },
      { times: 9 },
      { number: 22 },
      { hash: entries[19]!.hash }
    ]
    for (const change of changes) expect(firstBad(entries.with(20, { ...entries[20]!, ...change }))).toBe(21)
    expect(firstBad(entries.toSpliced(20, 1))).toBe(21)
    expect(firstBad(entries.toSpliced(20, 0, entries[20]!))).toBe(22)
    expect(firstBad(entries.toSpliced(20, 2, entries[21]!, entries[20]!))).toBe(21)
    expect(firstBad([...entries.slice(0, 20), ...chain(30, entries[18]!)])).toBe(21)
  })

  it("[AU-2] goes on behind a checkpoint that a device has signed, and shows one that it has not", () => {
    const world = new SimulatedCrypto.SimulatedCrypto(sha256)
    const random = new SeededRandom.SeededRandom(1)
    const [device, other] = [world.makeDevice(random), world.makeDevice(random)]
    const crypto = world.functions(random)
    const entries = chain(10)
    const made = AuditChain.checkpoint(device, entries[4]!, 7)
    expect(AuditChain.isSigned(crypto, made)).toBe(true)
    expect(firstBad(entries.slice(5), made)).toBeUndefined()
    expect(firstBad(entries.slice(6), made)).toBe(6)
    for (const change of [
      { number: 4 },
      { hash: entries[3]!.hash },
      { atMs: 8 },
      { signer: other.peer },
      { signature: "zz" }
    ]) {
      expect(AuditChain.isSigned(crypto, { ...made, ...change })).toBe(false)
    }
  })

  it("[AU-3] keeps texts within bounds and well formed, whatever it is told", () => {
    const long = { ...facts(1), detail: `${"x".repeat(511)}\u{1F600}` }
    const entry = AuditChain.next(sha256, AuditChain.beginning, long)
    expect(entry.detail).toBe(`${"x".repeat(511)}\uFFFD`)
    expect(firstBad([JSON.parse(JSON.stringify(entry)) as AuditChain.AuditEntry])).toBeUndefined()
  })
})
