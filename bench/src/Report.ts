/**
 * The figures for people, as a table, and for machines, as JSON.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
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
export const table = (figures: ReadonlyArray<Figure>): string => {
  const rows = figures.map((figure) => [
    figure.figure,
    `${text(figure.median)} ${figure.unit}`,
    `[${text(figure.min)} – ${text(figure.max)}]`,
    targetText(figure.target, figure.unit),
    verdict(figure)
  ])
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>): string =>
    row.map((cell, i) => (i === 1 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  ")
  return rows.map((row) => line(row).trimEnd()).join("\n")
}

/** Writes the report into a file, with its folder. */
export const write = (file: string, report: Report): void => {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
}
