// A simulation that finds nothing proves nothing: each of these broken engines must be caught.
import { afterEach, describe, expect, it, vi } from "vitest"

type Overrides = Record<string, (original: Record<string, unknown>) => Record<string, unknown>>

/** Runs seeds on an engine in which some functions are replaced, until one run has a problem. */
const rulesCaught = async (overrides: Overrides, seeds: number): Promise<ReadonlyArray<string>> => {
  vi.resetModules()
  for (const [path, replace] of Object.entries(overrides)) {
    vi.doMock(path, async (original) => {
      const module = await original<Record<string, unknown>>()
      return { ...module, ...replace(module) }
    })
  }
  const { runSeed } = await import("./runSeed.ts")
  for (let seed = 1; seed <= seeds; seed++) {
    const { problems } = await runSeed(seed, { quietMsMax: 20 * 60_000 })
    if (problems.length > 0) return problems.map((problem) => problem.rule)
  }
  return []
}

describe("mutants", { timeout: 120_000 }, () => {
  afterEach(() => vi.doUnmock("../../src/merge/LwwRegister.ts"))

  it("[SI-5] a register where the last to arrive wins is caught", async () => {
    const caught = await rulesCaught({ "../../src/merge/LwwRegister.ts": () => ({ wins: () => true }) }, 10)
    expect(caught).toContain("state")
  })

  it("[SI-5] a counter that forgets half of what is added is caught", async () => {
    const plus = (total: number, change: number): number => total + Math.floor(change / 2)
    const caught = await rulesCaught({ "../../src/merge/Counter.ts": () => ({ plus }) }, 10)
    expect(caught).toContain("lost")
    vi.doUnmock("../../src/merge/Counter.ts")
  })

  it("[SI-5] an engine without range reconciliation is caught", async () => {
    const differs = () => []
    const caught = await rulesCaught(
      {
        "../../src/reconcile/RangeTree.ts": () => ({ differingPartitions: differs })
      },
      60
    )
    expect(caught.length).toBeGreaterThan(0)
    vi.doUnmock("../../src/reconcile/RangeTree.ts")
  })

  it("[SI-5] a feed whose cursor jumps over lost batches is caught", async () => {
    const caught = await rulesCaught(
      {
        "../../src/session/FrameSequence.ts": () => ({
          FrameSequence: class {
            hasHole = false
            accept(frame: { readonly message: unknown }): ReadonlyArray<unknown> {
              return [frame.message]
            }
          }
        }),
        "../../src/reconcile/RangeTree.ts": () => ({ differingPartitions: () => [] })
      },
      150
    )
    expect(caught.length).toBeGreaterThan(0)
    vi.doUnmock("../../src/session/FrameSequence.ts")
    vi.doUnmock("../../src/reconcile/RangeTree.ts")
  })
})
