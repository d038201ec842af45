/**
 * Old and new measured in turns on one machine: each turn is the benchmarks' own entry in a process of its own, once
 * for each side, and the side that begins changes with each round, so that warming up and drifting favour neither.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Figure } from "../Figure.ts"
import type { Report } from "../Report.ts"
import { judge, type Pair, type Verdict } from "./Verdict.ts"

/** A turn that takes longer counts as failed. */
const turnMsMax = 10 * 60_000

type SideName = keyof Pair

export interface TurnsOptions {
  /** Root folders of the two checkouts. */
  readonly roots: { readonly [side in SideName]: string }
  /** Where the turns leave their reports. */
  readonly folder: string
  /** Options of the benchmarks beside rounds and output. */
  readonly args: ReadonlyArray<string>
  readonly rounds: number
  readonly note: (text: string) => void
  /** Ends the turn that runs; its promise rejects. */
  readonly signal: AbortSignal
}

const turn = async (
  { args, folder, roots, signal }: TurnsOptions,
  side: SideName,
  round: number
): Promise<ReadonlyArray<Figure>> => {
  const out = join(folder, `${round}-${side}.json`)
  const main = join(roots[side], "bench", "src", "main.ts")
  const child = spawn(process.execPath, [main, ...args, "--rounds", "1", "--out", out], {
    cwd: roots[side],
    stdio: ["ignore", "ignore", "inherit"],
    timeout: turnMsMax,
    signal
  })
  const [code] = (await once(child, "exit")) as [code: number | null]
  if (code !== 0) throw new Error(`the ${side} side ended with code ${code ?? "none, for it took too long"}`)
  return (JSON.parse(readFileSync(out, "utf8")) as Report).figures
}

/** The values so far of a figure that both sides gave. */
interface Taken {
  readonly figure: Figure
  readonly pairs: Array<Pair>
}

const verdictsOf = (taken: ReadonlyMap<string, Taken>): ReadonlyArray<Verdict> =>
  [...taken.values()].map(({ figure, pairs }) => judge(figure.figure, figure.unit, pairs))

const isDoubtful = ({ standing }: Verdict): boolean => standing === "worse" || standing === "perhaps worse"

/** Measures all rounds, and as many again when a figure seems worse; figures in the order in which they came. */
export const take = async (options: TurnsOptions): Promise<ReadonlyArray<Verdict>> => {
  const taken = new Map<string, Taken>()
  for (let round = 1; round <= 2 * options.rounds; round++) {
    if (round > options.rounds && !verdictsOf(taken).some(isDoubtful)) break
    const order: ReadonlyArray<SideName> = round % 2 === 1 ? ["old", "new"] : ["new", "old"]
    const figures: { [side in SideName]?: ReadonlyArray<Figure> } = {}
    for (const side of order) figures[side] = await turn(options, side, round)
    for (const figure of figures.new ?? []) {
      const old = figures.old?.find((other) => other.figure === figure.figure)
      if (old === undefined) continue
      const known = taken.get(figure.figure) ?? { figure, pairs: [] }
      taken.set(figure.figure, known)
      known.pairs.push({ old: old.median, new: figure.median })
    }
    options.note(`round ${round}: ${order.join(", then ")}`)
  }
  return verdictsOf(taken)
}
