/** What somebody types to change a field, and what the hub is sent: a value, a step of a counter, members of a set. */
import type { Kind } from "../../api/records.ts"

export type Parsed = { readonly change: unknown } | { readonly problem: string }

export const hints: { readonly [K in Kind]: { readonly label: string; readonly words: string } } = {
  lww: { label: "Value", words: 'JSON: "text", 5, true, null, [1, 2], {"a": 1}' },
  counter: { label: "Add to it", words: "A number, such as 1 or -3: others' steps count beside it" },
  orSet: { label: "Add and remove", words: '+ and − before a JSON value, with commas: +"red", -"blue"' }
}

const json = (text: string): Parsed => {
  try {
    return { change: JSON.parse(text) }
  } catch {
    return { problem: "This is no JSON. A text stands in quotes." }
  }
}

const step = (text: string): Parsed => {
  const by = Number(text)
  return text.trim() !== "" && Number.isFinite(by) && by !== 0
    ? { change: { inc: by } }
    : { problem: "This must be a number other than 0." }
}

/** `+` and `-` begin an entry; what stands behind is JSON. */
const members = (text: string): Parsed => {
  const [add, remove] = [[] as Array<unknown>, [] as Array<unknown>]
  for (const entry of text.split(/,(?=\s*[+\-−])/)) {
    const [, sign, rest = ""] = /^\s*([+\-−])\s*(.*?)\s*$/s.exec(entry) ?? []
    const value = json(rest)
    if (sign === undefined || "problem" in value)
      return { problem: `"${entry.trim()}" must be + or −, and a JSON value.` }
    if (sign === "+") add.push(value.change)
    else remove.push(value.change)
  }
  return { change: { ...(add.length === 0 ? {} : { add }), ...(remove.length === 0 ? {} : { remove }) } }
}

export const fieldChange = (kind: Kind, text: string): Parsed =>
  kind === "lww" ? json(text) : kind === "counter" ? step(text) : members(text)
