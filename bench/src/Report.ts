/**
 * The figures for people, as a table, and for machines, as JSON.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import type { Verdict } from "./against/Verdict.ts"
import type { Figure, Target, Unit } from "./Figure.ts"
import type { Machine } from "./Machine.ts"

export interface Report {
  readonly startedAt: string
  readonly seconds: number
  readonly rounds: number
  readonly isQuick: boolean
  readonly machine: Machine
  /** The machine's load at the end. */
  readonly loadAfter: number
  readonly figures: ReadonlyArray<Figure>
}

/** Digits after the point: small numbers need them, large ones do not. */
const digitsOf = (value: number): number => (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)

const text = (value: number): string => {
  const digits = digitsOf(value)
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

const targetText = (target: Target | undefined, unit: Unit): string => {
  if (target === undefined) return ""
  const [sign, bound] = "atMost" in target ? ["≤", target.atMost] : ["≥", target.atLeast]
  return `${sign} ${bound.toLocaleString("en")} ${unit}`
}

const verdict = ({ isMet }: Figure): string => (isMet === undefined ? "" : isMet ? "met" : "MISSED")

/** One line for each figure: median, extremes, target. */
export const table = (figures: ReadonlyArray<Figure>): string =>
  aligned(
    figures.map((figure) => [
      figure.figure,
      `${text(figure.median)} ${figure.unit}`,
      `[${text(figure.min)} – ${text(figure.max)}]`,
      targetText(figure.target, figure.unit),
      verdict(figure)
    ])
  )

/** One line for each figure: old and new median, their ratio with its extremes, judgement. */
export const verdicts = (all: ReadonlyArray<Verdict>): string =>
  aligned([
    ["", "old", "new", "new / old", ""],
    ...all.map((each) => [
      each.figure,
      `${text(each.old)} ${each.unit}`,
      `${text(each.new)} ${each.unit}`,
      `${text(each.ratio)} [${text(each.ratioMin)} – ${text(each.ratioMax)}]`,
      each.standing === "not judged" ? "" : each.standing
    ])
  ])

/** Rows under each other; the first column is for words, the second for numbers. */
const aligned = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(0, ...rows.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>): string =>
    row.map((cell, i) => (i === 1 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  ")
  return rows.map((row) => line(row).trimEnd()).join("\n")
}

/** What a run against another state of the repository found. */
export interface AgainstReport {
  readonly startedAt: string
  /** The old side's commit. */
  readonly against: string
  readonly rounds: number
  readonly machine: Machine
  readonly verdicts: ReadonlyArray<Verdict>
}

/** Where results of that name are kept. */
export const resultsFile = (name: string): string => fileURLToPath(new URL(`../results/${name}.json`, import.meta.url))

/** Writes a report into a file, with its folder. */
export const write = (file: string, report: Report | AgainstReport): void => {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
}
