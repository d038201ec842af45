/**
 * What an address may say beside its path. Each filter has a form; what has another, or is no filter of the screen, is left out: an
 * address that somebody mistyped, or made to break the page, shows the screen as if it had said nothing.
 */

export interface Filters {
  readonly [name: string]: string | undefined
}

/** Whether a text, which is not empty, is fit for a filter. */
export type Form = (given: string) => boolean

/** Longer than any that the pages write. */
const charsMax = 4_000

export const anyText: Form = (given) => given.length <= charsMax

const matching =
  (pattern: RegExp): Form =>
  (given) =>
    pattern.test(given)

/** Unix milliseconds that are a date. */
export const time = matching(/^\d{1,15}$/)
/** A time, or a change's stamp. */
export const timeOrStamp = matching(/^(\d{1,15}|[0-9a-f]{16})$/)
/** A number of something, from 0. */
export const number = matching(/^\d{1,15}$/)
/** A column, by which a table is sorted; with `-` before it from the end. */
export const sorting = matching(/^-?\w{1,30}$/)
export const yes: Form = (given) => given === "true"

/** One of these names. */
export const among =
  (names: object): Form =>
  (given) =>
    Object.hasOwn(names, given)

const objectIn = (given: string): object | undefined => {
  try {
    const value: unknown = JSON.parse(given)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The JSON of an object whose values are single ones. */
export const flatObject: Form = (given) => {
  const object = anyText(given) ? objectIn(given) : undefined
  return object !== undefined && Object.values(object).every((value) => typeof value !== "object" || value === null)
}

/** Those of the given filters that are fit. The others are there without a value, because the router puts ours over what it read. */
export const only =
  (forms: { readonly [name: string]: Form }) =>
  (given: { readonly [name: string]: unknown }): Filters =>
    Object.fromEntries(
      Object.entries(given).map(([name, value]) => {
        const isFit = typeof value === "string" && value !== "" && Object.hasOwn(forms, name) && forms[name]!(value)
        return [name, isFit ? value : undefined]
      })
    )

/** Every filter is a text as it stands, so that nothing in an address becomes a list or an object by itself. */
export const parseSearch = (search: string): { [name: string]: string } =>
  Object.fromEntries(new URLSearchParams(search))

export const stringifySearch = (filters: { readonly [name: string]: unknown }): string => {
  const said = Object.entries(filters).filter(([, value]) => value !== undefined && value !== "")
  return said.length === 0
    ? ""
    : `?${new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString()}`
}
