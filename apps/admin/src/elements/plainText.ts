/**
 * Text that somebody else wrote, made harmless to look at: signs that a reader would not see, or that turn the order of what follows, stand as
 * their code. React never takes text for markup; what is left is text that lies about what it says.
 */

// Control characters but line feed and tab, formatting characters, line and paragraph separators, lone halves of pairs.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
const kept = new Set(["\n", "\t"])

/** `\u202E` and the like for signs that are not seen. Joiners within emoji are named, too. */
export const plain = (text: string): string =>
  text.replaceAll(unseen, (sign) =>
    kept.has(sign) ? sign : `\\u${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`
  )

/** The same, no longer than so many characters. */
export const plainUpTo = (text: string, charsMax: number): string =>
  text.length <= charsMax ? plain(text) : `${plain(text.slice(0, charsMax))}…`

/** Any value of a record on one line. */
export const valueText = (value: unknown, charsMax = 200): string => {
  if (typeof value === "string") return plainUpTo(value, charsMax)
  return plainUpTo(JSON.stringify(value) ?? "nothing", charsMax)
}
