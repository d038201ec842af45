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

// What a terminal would act on while it is pasted, quoted or not, and what a reader would not see.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const utf8 = new TextEncoder()

const asBytes = (sign: string): string =>
  [...utf8.encode(sign)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")

/**
 * For a shell: what needs no quotes has none. Signs that are not seen stand as their bytes, and quotes beside them, too: a shell that
 * does not know these bytes gets another text, and never a command.
 */
const quoted = (text: string): string => {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text)) return text
  if (text.search(unseen) === -1) return `'${text.replaceAll("'", `'\\''`)}'`
  return `$'${text.replaceAll(/['\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, asBytes)}'`
}

const jsonOf = (value: unknown): string =>
  JSON.stringify(value).replaceAll(unseen, (sign) =>
    // In parts of 16 bits, as JSON has them.
    Array.from({ length: sign.length }, (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")
  )

/** A text that JSON would read as something else is said as JSON, and so is one of several lines. */
const valueOf = (value: unknown): string => {
  if (typeof value !== "string" || value.search(unseen) !== -1) return jsonOf(value)
  try {
    JSON.parse(value)
    return jsonOf(value)
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
