/**
 * One setting of the hub: its names, its default, and how a value from either source is read. Where values come from, and which
 * settings there are, is `HubConfig`'s business.
 */

export type Switch = (typeof switches)[number]

/** `undefined` of `read` is refused. */
export interface Setting<A> {
  readonly variable: string
  readonly key: string
  readonly fallback: A
  readonly allowed: string
  readonly read: (value: unknown) => A | undefined
}

export const switches = ["on", "off"] as const

/** Off by default; 1 is on. */
export const switchOf = (variable: string, key: string): Setting<Switch> => ({
  variable,
  key,
  fallback: "off",
  allowed: `one of ${switches.join(", ")}, or 1 for on`,
  read: (value) => (value === "1" || value === 1 ? "on" : switches.find((state) => state === value))
})

export const wholeNumber =
  (min: number, max: number) =>
  (value: unknown): number | undefined => {
    const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value
    return typeof number === "number" && Number.isInteger(number) && number >= min && number <= max ? number : undefined
  }
