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
  /** The values, where it is one of a few. */
  readonly choices?: ReadonlyArray<string>
  readonly read: (value: unknown) => A | undefined
}

export const switches = ["on", "off"] as const

/** Off by default; 1 is on. */
export const switchOf = (variable: string, key: string): Setting<Switch> => ({
  variable,
  key,
  fallback: "off",
  allowed: `one of ${switches.join(", ")}, or 1 for on`,
  choices: switches,
  read: (value) => (value === "1" || value === 1 ? "on" : switches.find((state) => state === value))
})

export const wholeNumber =
  (min: number, max: number) =>
  (value: unknown): number | undefined => {
    const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value
    return typeof number === "number" && Number.isInteger(number) && number >= min && number <= max ? number : undefined
  }

/** At most so many texts that pass, with commas between, or as a list. `allowed` says what each is. */
export const listOf = (
  variable: string,
  key: string,
  each: { readonly max: number; readonly allowed: string; readonly passes: (value: unknown) => boolean }
): Setting<ReadonlyArray<string>> => ({
  variable,
  key,
  fallback: [],
  allowed: `at most ${each.max} ${each.allowed}, with commas between`,
  read: (value) => {
    const given: unknown = typeof value === "string" ? value.split(",").map((one) => one.trim()) : value
    return Array.isArray(given) && given.length <= each.max && given.every(each.passes) ? given : undefined
  }
})

/** The path of a file or folder, or none. */
export const pathOf = (variable: string, key: string, allowed: string): Setting<string> => ({
  variable,
  key,
  fallback: "",
  allowed,
  read: (value) => (typeof value === "string" && !value.includes("\0") ? value : undefined)
})
