/** What somebody would type to do at the terminal what a button does here: `syncline hub <operation> …`. */

/** An operation by its name in the hub's description, with its arguments and what it is sent. */
export interface Operation {
  readonly id: string
  readonly args?: ReadonlyArray<string>
  /** Fields of the body. */
  readonly set?: { readonly [name: string]: unknown }
  /** Fields of the query: texts that are sent as they stand. */
  readonly query?: { readonly [name: string]: string | undefined }
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

const setting = (name: string, text: string): ReadonlyArray<string> => ["--set", `${name}=${text}`]

const isGiven = ([, value]: readonly [string, unknown]): boolean => value !== undefined

/** A file's name that a command line would take for a flag. */
const fileOf = (name: string): string => (name.startsWith("-") ? `./${name}` : name)

/** Asks the hub under its address; the token is in a file, so that no shell remembers it. Behind `--` nothing is a flag. */
export const commandOf = (
  { args = [], from, id, isRemoval, query = {}, set = {}, to }: Operation,
  hubAddress: string
): string => {
  const flags = [
    ...Object.entries(query)
      .filter(isGiven)
      .flatMap(([name, value]) => setting(name, value!)),
    ...Object.entries(set)
      .filter(isGiven)
      .flatMap(([name, value]) => setting(name, valueOf(value))),
    ...(from === undefined ? [] : ["--from", fileOf(from)]),
    ...(to === undefined ? [] : ["--to", fileOf(to)]),
    ...(isRemoval === true ? ["--yes"] : []),
    "--at",
    hubAddress,
    "--token-file",
    "./token"
  ]
  const isLikeFlag = args.some((arg) => arg.startsWith("-"))
  const words = isLikeFlag ? [...flags, "--", id, ...args] : [id, ...args, ...flags]
  return ["syncline", "hub", ...words].map(quoted).join(" ")
}

/** The same for several, one a line. */
export const commandsOf = (operations: Operation | ReadonlyArray<Operation>, hubAddress: string): string =>
  [operations]
    .flat()
    .map((operation) => commandOf(operation as Operation, hubAddress))
    .join("\n")
