/** What somebody would type to do at the terminal what a button does here: `syncline hub <operation> …`. */

/** An operation by its name in the hub's description, with its arguments and what it is sent. */
export interface Operation {
  readonly id: string
  readonly args?: ReadonlyArray<string>
  /** Fields of the query or the body. */
  readonly set?: { readonly [name: string]: unknown }
  /** It takes something away. */
  readonly isRemoval?: boolean
  /** The file that is sent. */
  readonly from?: string
  /** Where the file goes that comes. */
  readonly to?: string
}

/** For a POSIX shell: what needs no quotes has none. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** A text that JSON would read as something else is said as JSON. */
const valueOf = (value: unknown): string => {
  if (typeof value !== "string") return JSON.stringify(value)
  try {
    JSON.parse(value)
    return JSON.stringify(value)
  } catch {
    return value
  }
}

/** Asks the hub under its address; the token is in a file, so that no shell remembers it. */
export const commandOf = ({ args = [], from, id, isRemoval, set = {}, to }: Operation, hubAddress: string): string => {
  const fields = Object.entries(set)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => ["--set", `${name}=${valueOf(value)}`])
  const words = [
    "syncline",
    "hub",
    id,
    ...args,
    ...fields,
    ...(from === undefined ? [] : ["--from", from]),
    ...(to === undefined ? [] : ["--to", to]),
    ...(isRemoval === true ? ["--yes"] : []),
    "--at",
    hubAddress,
    "--token-file",
    "./token"
  ]
  return words.map(quoted).join(" ")
}

/** The same for several, one a line. */
export const commandsOf = (operations: Operation | ReadonlyArray<Operation>, hubAddress: string): string =>
  [operations]
    .flat()
    .map((operation) => commandOf(operation as Operation, hubAddress))
    .join("\n")
