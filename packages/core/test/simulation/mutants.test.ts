// A simulation that finds nothing proves nothing: each of these broken engines must be caught.
import { Effect, Layer, Result } from "effect"
import { afterEach, describe, expect, it, vi } from "vitest"
import { Journal, type JournalShape } from "../../src/journal/Journal.ts"
import type * as JournalWriter from "../../src/journal/JournalWriter.ts"
import type * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import { defaultPlan, type FaultPlan } from "../../src/testing/FaultPlan.ts"

type Module = Record<string, unknown>
type Overrides = Record<string, (original: Module) => Module>

/** Runs seeds on an engine in which some functions are replaced, until one run breaks the given rule. */
const isCaught = async (
  overrides: Overrides,
  rule: string | undefined,
  seeds: number,
  plan: Partial<FaultPlan> = {}
): Promise<boolean> => {
  vi.resetModules()
  for (const [path, replace] of Object.entries(overrides)) {
    vi.doMock(path, async (original) => {
      const module = await original<Module>()
      return { ...module, ...replace(module) }
    })
  }
  const { runSeed } = await import("./runSeed.ts")
  for (let seed = 1; seed <= seeds; seed++) {
    const { problems } = runSeed(seed, { quietMsMax: 60_000, ...plan })
    if (problems.some((problem) => rule === undefined || problem.rule === rule)) return true
  }
  return false
}

const src = "../../src"
const paths = [
  "merge/LwwRegister",
  "merge/Counter",
  "reconcile/RangeTree",
  "session/FrameSequence",
  "session/SessionDriver",
  "orchestrator/Supervisor",
  "orchestrator/QuarantineKeeper",
  "journal/ForkMerge",
  "journal/Rewriting",
  "journal/JournalWriter",
  "journal/MemoryTables",
  "journal/MemoryJournal"
]

/** As many nodes and writes as a seed may have. */
const busy = { nodes: defaultPlan.nodes, writeEveryMs: defaultPlan.writeEveryMs }

/** Four times as many writes: what a fault must hit is there sooner. */
const busier = { ...busy, writeEveryMs: busy.writeEveryMs / 4 }

const noRanges = { [`${src}/reconcile/RangeTree.ts`]: () => ({ differingPartitions: () => [] }) }

describe("mutants", { timeout: 120_000 }, () => {
  afterEach(() => {
    for (const path of paths) vi.doUnmock(`${src}/${path}.ts`)
  })

  it("[SI-5] a register where the last to arrive wins is caught", async () => {
    expect(await isCaught({ [`${src}/merge/LwwRegister.ts`]: () => ({ wins: () => true }) }, "state", 40, busy)).toBe(
      true
    )
  })

  it("[SI-5] a counter that forgets half of what is added is caught", async () => {
    const plus = (total: number, change: number): number => total + Math.floor(change / 2)
    expect(await isCaught({ [`${src}/merge/Counter.ts`]: () => ({ plus }) }, "lost", 20)).toBe(true)
  })

  it("[SI-5] an engine without range reconciliation is caught", async () => {
    expect(await isCaught(noRanges, undefined, 60)).toBe(true)
  })

  it("[SI-5] a feed whose cursor jumps over lost batches is caught", async () => {
    const FrameSequence = class {
      hasHole = false
      early = 0
      accept(frame: { readonly message: unknown }): ReadonlyArray<unknown> {
        return [frame.message]
      }
    }
    const overrides = { ...noRanges, [`${src}/session/FrameSequence.ts`]: () => ({ FrameSequence }) }
    expect(await isCaught(overrides, undefined, 60, { ...busy, frameLoss: 0.05 })).toBe(true)
  })

  it("[SI-5][SI-6] a session that waits for ever on a link that went silent is caught", async () => {
    const patient = (original: Module): Module => ({
      run: (options: { readonly timing: object }) =>
        (original["run"] as (changed: object) => unknown)({
          ...options,
          timing: { ...options.timing, progressMsMax: 1e9, pingAfterMs: 1e9 }
        })
    })
    expect(await isCaught({ [`${src}/session/SessionDriver.ts`]: patient }, "pending", 20)).toBe(true)
  })

  it("[SI-5][SI-7] a node that does not look when its policy changes is caught", async () => {
    const overrides = { [`${src}/orchestrator/Supervisor.ts`]: () => ({ followPolicy: () => Effect.never }) }
    expect(await isCaught(overrides, "leak", 40, { revocationEveryMs: 6_000 })).toBe(true)
  })

  it("[SI-5][SI-10] a journal that drops the second branch of a fork is caught", async () => {
    const overrides = { [`${src}/journal/ForkMerge.ts`]: () => ({ merge: () => "known" }) }
    expect(
      await isCaught(overrides, undefined, 80, { ...busy, copyEveryMs: 2_000, copiesMax: 4, restoreEveryMs: 3_000 })
    ).toBe(true)
  })

  it("[SI-5][SI-11] a journal that drops what a wrong clock stamped is caught", async () => {
    const overrides = {
      [`${src}/journal/Rewriting.ts`]: () => ({
        rewrite: () => ({ commits: [], entities: [], again: [], unwritten: [] })
      })
    }
    expect(await isCaught(overrides, "lost", 40, { ...busy, clockJumpEveryMs: 4_000 })).toBe(true)
  })

  it("[SI-5][SI-11] a change that is written again and does not name its first form is caught", async () => {
    const overrides: Overrides = {
      [`${src}/journal/JournalWriter.ts`]: (original) => {
        const write = original["write"] as typeof JournalWriter.write
        const forgetful: typeof write = (context, changes, ...more) =>
          write(
            context,
            changes.map(({ change, ...where }) => ({
              ...where,
              change: change.kind === "rewrite" ? { ...change, replaces: [] } : change
            })),
            ...more
          )
        return { write: forgetful }
      }
    }
    expect(await isCaught(overrides, "invented", 100, { ...busier, clockJumpEveryMs: 3_000 })).toBe(true)
  })

  it("[SI-5][SI-12] a quarantine that never asks the policy again is caught", async () => {
    const overrides = { [`${src}/orchestrator/QuarantineKeeper.ts`]: () => ({ review: () => Effect.void }) }
    expect(await isCaught(overrides, undefined, 40, { denialEveryMs: 3_000 })).toBe(true)
  })

  it("[SI-5][SI-8] a store that keeps half of a transaction is caught", async () => {
    const overrides: Overrides = {
      [`${src}/journal/MemoryTables.ts`]: (original) => {
        const Tables = original["MemoryTables"] as new (...args: Array<unknown>) => {
          transact: (body: () => unknown, beforeRow: () => void) => unknown
        }
        return {
          MemoryTables: class extends Tables {
            override transact = (body: () => unknown, beforeRow: () => void): unknown => {
              const outcome = Tables.prototype.transact.call(this, () => Result.try(body), beforeRow)
              return Result.getOrThrow(outcome as Result.Result<unknown, unknown>)
            }
          }
        }
      }
    }
    expect(await isCaught(overrides, "torn", 120, { ...busier, tornWriteEveryMs: 1_000 })).toBe(true)
  })

  it("[SI-5][SI-8] a store that confirms what it did not keep is caught", async () => {
    const overrides: Overrides = {
      [`${src}/journal/MemoryJournal.ts`]: (original) => {
        const make = original["make"] as typeof MemoryJournal.make
        const lying = (options: MemoryJournal.MemoryJournalOptions) =>
          Effect.map(make(options), (journal): JournalShape => {
            const kept = { commits: [], entities: [], head: 0 }
            return { ...journal, write: (changes) => Effect.orElseSucceed(journal.write(changes), () => kept) }
          })
        return { layer: (options: MemoryJournal.MemoryJournalOptions) => Layer.effect(Journal, lying(options)) }
      }
    }
    expect(await isCaught(overrides, "lost", 40)).toBe(true)
  })
})
