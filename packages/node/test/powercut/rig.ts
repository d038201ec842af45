/**
 * Cuts the power again and again: `rig.ts <folder> <seed> <cuts> <full|off|both>`. It runs in a mount namespace of its
 * own that `main.ts` makes, so whatever it mounts ends with it. With full flushing nothing may ever be lost; without
 * flushing something must be, or the rig would not see a loss.
 */
import { rmSync } from "node:fs"
import { flushCompileCache } from "node:module"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Disks } from "./Disks.ts"
import { type Finding, Ledger } from "./Ledger.ts"
import * as LifePlan from "./LifePlan.ts"
import type * as Report from "./Report.ts"
import { examine } from "./recovery.ts"
import { type Synchronous, Writer } from "./Writer.ts"

/** Cuts without flushing after which at least one must have lost something. */
const cutsOffMax = 40
const cutsPerLine = 10
const problemsShownMax = 10
/** Time for what was said before the disk stood still to arrive here. */
const arrivalMs = 5
/** Time that a run may take: some for all, and so much for each cut. */
const runMsMin = 120_000
const cutMsMax = 15_000

interface Totals {
  readonly beganMs: number
  cuts: number
  acknowledged: number
  lost: number
  reused: number
}

const noTotals = (): Totals => ({ beganMs: performance.now(), cuts: 0, acknowledged: 0, lost: 0, reused: 0 })

const figures = ({ acknowledged, beganMs, cuts, lost, reused }: Totals): string =>
  `${cuts} cuts, ${acknowledged} acknowledged commits, ${lost} lost, ${reused} numbers reused, ` +
  `${((performance.now() - beganMs) / 1000).toFixed(0)} s`

class Rig {
  readonly #disks: Disks
  readonly #seed: number
  readonly #stopped: AbortSignal
  /** What was said about the present disk. */
  #ledger = new Ledger()
  /** Started while the last life is examined. */
  #next: Writer | undefined

  constructor(disks: Disks, seed: number, stopped: AbortSignal) {
    this.#disks = disks
    this.#seed = seed
    this.#stopped = stopped
  }

  /** Nothing may be lost. Says whether that held. */
  async full(cuts: number): Promise<boolean> {
    const totals = noTotals()
    let isFine = true
    for (let life = 1; isFine && totals.cuts < cuts; life++) {
      const plan = this.#plan(life, cuts - totals.cuts)
      const follower = totals.cuts + plan.waitsMs.length < cuts ? this.#plan(life + 1, cuts) : undefined
      await this.#live(plan, "full", follower, (acknowledged, finding) => {
        add(totals, acknowledged, finding)
        isFine = finding.problems.length === 0
        if (!isFine) this.#complain(totals, finding)
        else if (totals.cuts % cutsPerLine === 0 || totals.cuts === cuts) {
          console.log(`synchronous=FULL, seed ${this.#seed}: ${figures(totals)}`)
        }
        return isFine
      })
    }
    if (isFine && totals.acknowledged === 0) console.log("FAILED, nothing was acknowledged, so nothing is proven")
    return isFine && totals.acknowledged > 0
  }

  /** Something must be lost. Says whether it was. */
  async off(): Promise<boolean> {
    const totals = noTotals()
    for (let life = 1; totals.lost === 0 && totals.cuts < cutsOffMax; life++) {
      const plan = { ...this.#plan(life, 1), isNewDisk: true, from: "acknowledged" as const }
      await this.#live(plan, "off", undefined, (acknowledged, finding) => {
        add(totals, acknowledged, finding)
        return totals.lost === 0
      })
    }
    const verdict = totals.lost > 0 ? "the rig sees a loss" : "FAILED, the rig saw no loss and proves nothing"
    console.log(`synchronous=OFF, seed ${this.#seed}: ${figures(totals)}: ${verdict}`)
    return totals.lost > 0
  }

  /** Ends what was started in advance. */
  async end(): Promise<void> {
    await this.#next?.end()
  }

  #plan(life: number, cutsLeft: number): LifePlan.LifePlan {
    const plan = LifePlan.make(this.#seed, life)
    return { ...plan, waitsMs: plan.waitsMs.slice(0, cutsLeft) }
  }

  #complain(totals: Totals, { problems }: Finding): void {
    for (const problem of problems.slice(0, problemsShownMax)) console.log(`  ${problem}`)
    console.log(`cut ${totals.cuts} of seed ${this.#seed} FAILED, ${problems.length} problems: ${figures(totals)}`)
    console.log(`again: npm run powercut -- --seed ${this.#seed} --cuts ${totals.cuts} --synchronous full`)
  }

  #start(plan: LifePlan.LifePlan, synchronous: Synchronous): Writer {
    return new Writer(join(this.#disks.live, "data"), plan, synchronous)
  }

  /** One life of the writer, and then each of its cuts, until `onCut` says that it was the last. */
  async #live(
    plan: LifePlan.LifePlan,
    synchronous: Synchronous,
    follower: LifePlan.LifePlan | undefined,
    onCut: (acknowledged: number, finding: Finding) => boolean
  ): Promise<void> {
    if (plan.isNewDisk) {
      await this.#disks.makeNew()
      this.#ledger = new Ledger()
    }
    const said = await this.#write(plan, synchronous)
    if (follower !== undefined) this.#next = this.#start(follower, synchronous)
    let acknowledged = this.#ledger.acknowledged
    for (let cut = 0; cut < said.length; cut++) {
      this.#stopped.throwIfAborted()
      const ledger = this.#ledger.fork()
      for (const report of said[cut]!) ledger.note(report)
      const isLast = cut === said.length - 1
      const gained = ledger.acknowledged - acknowledged
      acknowledged = ledger.acknowledged
      const finding = await this.#examine(cut, ledger, plan)
      if (!onCut(gained, finding)) return
      if (isLast) {
        await this.#disks.goOn(cut)
        this.#ledger = ledger
      }
      this.#disks.forget(cut)
    }
  }

  /** Lets the writer work and copies the disk at each moment. Returns what was said before each. */
  async #write(
    plan: LifePlan.LifePlan,
    synchronous: Synchronous
  ): Promise<ReadonlyArray<ReadonlyArray<Report.Report>>> {
    const said: Array<ReadonlyArray<Report.Report>> = []
    const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal: this.#stopped })
    await this.#disks.mountLive()
    const writer = this.#next ?? this.#start(plan, synchronous)
    this.#next = undefined
    try {
      writer.begin()
      await writer.reached(plan.from)
      for (let cut = 0; cut < plan.waitsMs.length; cut++) {
        const isLast = cut === plan.waitsMs.length - 1
        await wait(plan.waitsMs[cut]!)
        if (isLast && plan.closingMs !== undefined) {
          writer.close()
          await wait(plan.closingMs)
        }
        await this.#disks.cut(cut, async () => {
          // Nothing becomes durable while the disk stands still, so all that arrives meanwhile was so before.
          await wait(arrivalMs)
          said.push(writer.said())
          if (isLast) writer.kill()
        })
      }
    } finally {
      await writer.end()
      await this.#disks.unmountLive()
    }
    return said
  }

  async #examine(cut: number, ledger: Ledger, { life, seed }: LifePlan.LifePlan): Promise<Finding> {
    await this.#disks.mountRecovered(cut)
    try {
      return await examine(join(this.#disks.recovered, "data"), ledger, { seed, life })
    } finally {
      await this.#disks.unmountRecovered()
    }
  }
}

const add = (totals: Totals, acknowledged: number, { lost, reused }: Finding): void => {
  totals.cuts++
  totals.acknowledged += acknowledged
  totals.lost += lost
  totals.reused += reused
}

const main = async (): Promise<number> => {
  const [folder, seed, cuts, synchronous] = process.argv.slice(2) as [string, string, string, Synchronous | "both"]
  const stop = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop.abort())
  // The pipe from main.ts ends with it.
  process.stdin.resume().once("close", () => stop.abort())
  const runMsMax = runMsMin + (Number(cuts) + cutsOffMax) * cutMsMax
  const stopped = AbortSignal.any([stop.signal, AbortSignal.timeout(runMsMax)])
  // For the writers, which are killed before they could leave what they compiled.
  flushCompileCache()
  const disks = new Disks(folder)
  const rig = new Rig(disks, Number(seed), stopped)
  try {
    await disks.setUp()
    if (synchronous !== "off" && !(await rig.full(Number(cuts)))) return 1
    if (synchronous !== "full" && !(await rig.off())) return 1
    return 0
  } catch (error) {
    if (!stopped.aborted) throw error
    console.log(stop.signal.aborted ? "stopped" : `not done within ${runMsMax / 1000} s`)
    return 1
  } finally {
    try {
      await rig.end()
    } finally {
      await disks.tearDown()
      // Also when main.ts, which made it, is gone.
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

process.exit(await main())
