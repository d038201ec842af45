/**
 * A policy document as text: YAML, of which JSON is a part. The text is what is kept and signed, so that comments and
 * order stay as people wrote them; what it means is `PolicyDocument`'s. Whether a text that can be read may also be put in
 * force is `PolicyDraft`'s: what is in force already is read only.
 */
import { Result } from "effect"
import { Composer, type CST, type Document, isScalar, type Node, Parser, visit } from "yaml"
import * as PolicyDocument from "./PolicyDocument.ts"

/** Longest text that is read at all, in UTF-16 units; the bounds in bytes are those of the charter. */
const charsMax = 128 * 1024
/** Most faults of the text itself that are told. */
const faultsMax = 10

/** What a text says, and what is well enough where it is in force but must not be put there. */
interface Reading {
  readonly parsed: Result.Result<PolicyDocument.PolicyDocument, ReadonlyArray<string>>
  readonly slips: ReadonlyArray<string>
}

/** Texts whose reading is remembered: a policy is read when it comes, when it is checked and for every state of a charter. */
const rememberedMax = 4
const remembered = new Map<string, Reading>()

const readingOf = (text: string): Reading => {
  const reading = remembered.get(text) ?? read(text)
  // The one that was asked for last goes last.
  remembered.delete(text)
  remembered.set(text, reading)
  if (remembered.size > rememberedMax) remembered.delete(remembered.keys().next().value!)
  return reading
}

/** The document of a text, or why it cannot be read and where. */
export const parse = (text: string): Reading["parsed"] => readingOf(text).parsed

/** What a text says otherwise than it is written: keys that become one, numbers that become other ones. */
export const slipsOf = (text: string): ReadonlyArray<string> => readingOf(text).slips

const refused = (...problems: ReadonlyArray<string>): Reading => ({ parsed: Result.fail(problems), slips: [] })

const read = (text: string): Reading => {
  if (text.length > charsMax) return refused(`the policy has more than ${charsMax} characters`)
  const json = jsonOf(text)
  if (json !== undefined) return { parsed: PolicyDocument.parse(json), slips: [] }
  try {
    // Keys are compared below, by a set: the parser compares each with each. It would also quote the text with each fault.
    const [yaml, second] = new Composer({
      uniqueKeys: false,
      prettyErrors: false,
      merge: false,
      strict: true,
      version: "1.2",
      schema: "core"
    }).compose(uptoFaults(new Parser().parse(text)), true, text.length)
    const faults = [...yaml!.errors, ...yaml!.warnings]
    if (faults.length > 0) return refused(...told(text, faults))
    if (second !== undefined) return refused("the text holds several documents; a policy is one")
    const { doubles, slips } = looked(text, yaml!)
    if (doubles.length > 0) return refused(...doubles)
    // No anchors: an alias of an alias is how a short text becomes a large value.
    return { parsed: PolicyDocument.parse(yaml!.toJS({ maxAliasCount: 0 })), slips }
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error))
  }
}

/** The text's tokens up to more faults than are told: each costs as much as a line that is in order. */
function* uptoFaults(tokens: Iterable<CST.Token>) {
  let faults = 0
  for (const token of tokens) {
    yield token
    if (token.type === "error" && ++faults > faultsMax) return
  }
}

/**
 * The value of a text that is JSON and says exactly what is written; `undefined` for any other, which YAML may still be able
 * to read. Programs write JSON, and it is read in a tenth of the time.
 */
const jsonOf = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text)
    let keys = 0
    for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*:?/g)) if (token.endsWith(":")) keys++
    return keysIn(value) === keys ? value : undefined
  } catch {
    return undefined
  }
}

/** How many keys a value has in all; not a number where one of its numbers is not exact. */
const keysIn = (value: unknown): number => {
  if (typeof value !== "object" || value === null) return isInexact(value) ? Number.NaN : 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce((sum: number, each) => sum + keysIn(each), own)
}

const told = (
  text: string,
  faults: ReadonlyArray<{ readonly message: string; readonly pos: readonly [number, number] }>
): ReadonlyArray<string> => {
  const more = faults.length - faultsMax
  const first = faults.slice(0, faultsMax).map(({ message, pos }) => `${placeOf(text, pos[0])}: ${message}`)
  return more > 0 ? [...first, `and at least ${more} more; what is behind them was not looked at`] : first
}

const placeOf = (text: string, offset: number): string => {
  const before = text.slice(0, offset).split("\n")
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`
}

/** What the values do not show any more once they are made. */
const looked = (text: string, yaml: Document) => {
  const doubles: Array<string> = []
  const slips: Array<string> = []
  const add = (to: Array<string>, node: Node, problem: string): void => {
    if (to.length < faultsMax) to.push(`${placeOf(text, node.range?.[0] ?? 0)}: ${problem}`)
  }
  visit(yaml, {
    Map: (_, { items }) => {
      const known = new Map<string, unknown>()
      for (const { key } of items as ReadonlyArray<{ readonly key: Node }>) {
        if (!isScalar(key)) {
          add(doubles, key, "a key is a text")
          continue
        }
        const name = key.value === null ? "" : String(key.value as string | number | boolean)
        const quoted = JSON.stringify(name)
        if (!known.has(name)) known.set(name, key.value)
        else if (known.get(name) === key.value) add(doubles, key, `the key ${quoted} stands there twice`)
        else add(slips, key, `the key ${quoted} stands there twice, as a text and as another value`)
      }
    },
    Scalar: (_, node) => {
      if (isInexact(node.value)) {
        add(slips, node, `${node.source ?? "it"} is a whole number beyond 2^53, which is not kept exactly`)
      }
    }
  })
  return { doubles, slips }
}

const isInexact = (value: unknown): boolean => Number.isInteger(value) && !Number.isSafeInteger(value)

/** Why a text cannot be read, or nothing. */
export const problemOf = (text: string): string | undefined =>
  Result.match(parse(text), { onSuccess: () => undefined, onFailure: (problems) => problems.join("; ") })
