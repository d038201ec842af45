/**
 * Changes a policy's text as a table's cell is changed: a rule of the cell's own is put in, changed or taken out, and everything else, comments
 * and layout among it, stays as people wrote it. What the text then means is the reader's and the compiler's.
 */
import { Result } from "effect"
import { isMap, isSeq, type Node, parseDocument, type YAMLMap, type YAMLSeq } from "yaml"
import type { Action } from "./PolicyDocument.ts"
import * as PolicyFile from "./PolicyFile.ts"
import * as PolicyMatrix from "./PolicyMatrix.ts"

export interface CellWish {
  readonly role: string
  readonly type: string
  readonly action: Action
  readonly isAllowed: boolean
}

/** Longest id of a rule. */
const idCharsMax = 64

type Effect = "allow" | "forbid"

/** Of the cell's own rule: role and type as far as an id takes them. */
const idOf = (effect: Effect, { role, type }: CellWish): string =>
  `${effect === "allow" ? "may" : "no"}.${role}.${type}`.replaceAll(/[^A-Za-z0-9._-]/g, "-").slice(0, idCharsMax)

/**
 * The text with the cell as wished. Fails with a sentence where the text cannot be read, or where other rules keep the cell as it is: those
 * have to be changed by hand.
 */
export const withCell = (text: string, wish: CellWish): Result.Result<string, string> => {
  const read = PolicyFile.parse(text)
  if (Result.isFailure(read)) return Result.fail(`the text cannot be read: ${read.failure.join("; ")}`)
  const wanted = wish.isAllowed ? "yes" : "no"
  const [says, against] = wish.isAllowed ? (["allow", "forbid"] as const) : (["forbid", "allow"] as const)
  // First out of the rule that says the other thing, then, where that is not enough, into one that says this.
  const without = withoutAction(text, idOf(against, wish), wish.action)
  if (cellIn(without, wish).answer === wanted) return Result.succeed(without)
  const within = withAction(without, says, wish)
  const { answer, rules } = cellIn(within, wish)
  if (answer === wanted) return Result.succeed(within)
  return Result.fail(`other rules keep it as it is: ${rules.filter((id) => id !== idOf(says, wish)).join(", ")}`)
}

const cellIn = (text: string, { action, role, type }: CellWish): PolicyMatrix.Cell => {
  const read = PolicyFile.parse(text)
  return Result.isSuccess(read) ? PolicyMatrix.cellOf(read.success, role, type, action) : { answer: "some", rules: [] }
}

interface Rules {
  /** Whether each rule stands on lines of its own. */
  readonly isBlock: boolean
  readonly seq: YAMLSeq
  readonly all: ReadonlyArray<YAMLMap>
}

const rulesIn = (text: string): Rules => {
  const seq = parseDocument(text, { version: "1.2", schema: "core" }).get("rules")
  if (!isSeq(seq)) throw new Error("a policy that can be read has rules")
  return { seq, isBlock: seq.flow !== true, all: seq.items.filter(isMap) }
}

const startOf = (node: Node): number => node.range![0]
/** Behind its value; comments and empty lines behind that are not its own. */
const endOf = (node: Node): number => node.range![1]
const splice = (text: string, from: number, to: number, put: string): string =>
  text.slice(0, from) + put + text.slice(to)
const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1
const lineEnd = (text: string, at: number): number => {
  const end = text.indexOf("\n", at)
  return end < 0 ? text.length : end
}

const actionsOf = (rule: YAMLMap): { readonly node: YAMLSeq; readonly names: ReadonlyArray<string> } => {
  const node = rule.get("actions")
  if (!isSeq(node)) throw new Error("a rule that can be read has actions")
  return { node, names: node.toJSON() as ReadonlyArray<string> }
}

const listText = (names: ReadonlyArray<string>): string => `[${names.map((name) => JSON.stringify(name)).join(", ")}]`
const plainList = (names: ReadonlyArray<string>): string => `[${names.join(", ")}]`

const setActions = (text: string, rule: YAMLMap, names: ReadonlyArray<string>): string => {
  const { node } = actionsOf(rule)
  // Of a list on lines of its own the end is behind its last line's end.
  const [from, to] = [startOf(node), endOf(node)]
  if (node.flow === true) return splice(text, from, to, text[from + 1] === '"' ? listText(names) : plainList(names))
  const last = node.items.at(-1) as Node
  return splice(text, lineStart(text, from) - 1, endOf(last), ` ${plainList(names)}`)
}

const withoutAction = (text: string, id: string, action: Action): string => {
  const { all, isBlock } = rulesIn(text)
  const rule = all.find((each) => each.get("id") === id)
  if (rule === undefined) return text
  const names = actionsOf(rule).names
  if (!names.includes(action)) return text
  if (names.length > 1)
    return setActions(
      text,
      rule,
      names.filter((name) => name !== action)
    )
  return isBlock && all.length > 1 ? withoutBlock(text, rule) : withoutItem(text, rule)
}

/** Its lines, and the empty one before. */
const withoutBlock = (text: string, rule: YAMLMap): string => {
  const last = lineEnd(text, endOf(rule) - 1)
  const from = lineStart(text, startOf(rule))
  const before = lineStart(text, from - 1)
  return splice(text, text.slice(before, from).trim() === "" ? before : from, Math.min(last + 1, text.length), "")
}

/** In a list on one line, or as the only rule: the document is written anew, its comments with it. */
const withoutItem = (text: string, rule: YAMLMap): string => {
  const document = parseDocument(text, { version: "1.2", schema: "core" })
  const seq = document.get("rules") as YAMLSeq
  seq.items = seq.items.filter((each) => !isMap(each) || each.get("id") !== rule.get("id"))
  if (seq.items.length === 0) seq.flow = true
  return document.toString({ lineWidth: 0 })
}

const withAction = (text: string, effect: Effect, wish: CellWish): string => {
  const id = idOf(effect, wish)
  const { all, isBlock, seq } = rulesIn(text)
  const rule = all.find((each) => each.get("id") === id)
  if (rule !== undefined) return setActions(text, rule, [...actionsOf(rule).names, wish.action])
  const last = all.at(-1)
  if (isBlock && last !== undefined) return withBlock(text, all, last, id, effect, wish)
  const document = parseDocument(text, { version: "1.2", schema: "core" })
  const made = document.get("rules") as YAMLSeq
  if (seq.items.length === 0) made.flow = false
  made.add(document.createNode({ id, effect, actions: [wish.action], types: [wish.type], to: { roles: [wish.role] } }))
  return document.toString({ lineWidth: 0 })
}

/** Behind the last rule, laid out as the rules before it. */
const withBlock = (
  text: string,
  all: ReadonlyArray<YAMLMap>,
  last: YAMLMap,
  id: string,
  effect: Effect,
  { action, role, type }: CellWish
): string => {
  const from = lineStart(text, startOf(last))
  const indent = " ".repeat(text.indexOf("-", from) - from)
  const before = text.slice(0, from)
  const isAiry = all.length > 1 && /\n[ \t]*\n[^\n]*$/.test(before.slice(0, -1) + "\n")
  const lines = [
    `- id: ${id}`,
    `  effect: ${effect}`,
    `  actions: [${action}]`,
    `  types: [${JSON.stringify(type)}]`,
    `  to: { roles: [${JSON.stringify(role)}] }`
  ].map((line) => indent + line)
  const at = lineEnd(text, endOf(last) - 1)
  return splice(text, at, at, `${isAiry ? "\n" : ""}\n${lines.join("\n")}`)
}
