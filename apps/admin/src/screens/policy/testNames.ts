/** The names of a document's tests, as they stand in its text. */
import { plainUpTo } from "../../elements/plainText.ts"

/** Those behind `tests:`, in their order; of a document on one line none are found. */
export const testNames = (text: string): ReadonlyArray<string> => {
  const at = /^tests:/m.exec(text)?.index
  if (at === undefined) return []
  const end = /^\w/m.exec(text.slice(at + 6))?.index
  const part = end === undefined ? text.slice(at) : text.slice(at, at + 6 + end)
  return [...part.matchAll(named)].map(([, double, single, inline, block]) =>
    plainUpTo((double ?? single ?? inline ?? block ?? "").trim(), 256)
  )
}

// In quotes of either kind; else up to a comma in braces, or to the line's end.
const named =
  /^\s*(?:-\s*)?(?:\{\s*)?name:\s*(?:"([^"\n]*)"|'([^'\n]*)'|(?<=\{\s*name:\s*)([^,}\n]+)|(\S[^\n]*?)(?=\s+#|\s*$))/gm
