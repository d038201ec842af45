/** Lengths of time as people type them: a whole number of minutes, hours or days. What makes sense where is not known here. */

const unitMs = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 } as const

/** Milliseconds of `30m`, `12h` or `7d`; `undefined` for what is none. */
export const parse = (text: string): number | undefined => {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text.trim()) ?? []
  return unit === undefined ? undefined : Number(count) * unitMs[unit as keyof typeof unitMs]
}
