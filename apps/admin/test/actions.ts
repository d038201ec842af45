/** What the pages' sources ask the hub for, and which command they say does the same: read from the sources, so that no action is left out. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseAst } from "vite"

const sources = fileURLToPath(new URL("../src/", import.meta.url))

interface Node {
  readonly type: string
  readonly [name: string]: unknown
}

/** `METHOD /path`, with `{}` for what is put in. */
export type Asked = string

export interface Said {
  readonly id: string
  readonly args: number
  readonly set: ReadonlyArray<string>
  readonly query: ReadonlyArray<string>
}

/** A button, or what stands beside one. */
export interface Action {
  readonly place: string
  readonly said: ReadonlyArray<Said>
  /** By the button itself; empty where its file does that elsewhere. */
  readonly asked: ReadonlyArray<Asked>
  /** Anywhere in its file, or else in others. */
  readonly nearby: ReadonlyArray<Asked>
}

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value

const childrenOf = (node: Node): ReadonlyArray<Node> =>
  Object.values(node)
    .flat()
    .filter((child) => isNode(child))

const all = (node: Node, isMeant: (node: Node) => boolean): ReadonlyArray<Node> => [
  ...(isMeant(node) ? [node] : []),
  ...childrenOf(node).flatMap((child) => all(child, isMeant))
]

type Names = ReadonlyMap<string, ReadonlyArray<Node>>

/** The last that is written before the place, or else whatever has the name. */
const named = ({ name, start }: Node, names: Names): ReadonlyArray<Node> => {
  const found = names.get(name as string) ?? []
  const last = found.findLast((each) => (each["start"] as number) < (start as number))
  return last === undefined ? found : [last]
}

/** What a file's constants stand for, as they are written; of one name there may be several. */
const namesIn = (root: Node): Names => {
  const names = new Map<string, Array<Node>>()
  for (const { id, init } of all(root, ({ type }) => type === "VariableDeclarator")) {
    if (!isNode(id) || !isNode(init)) continue
    const isList = id.type === "ArrayPattern" && init.type === "ArrayExpression"
    const [parts, values] = (isList ? [id["elements"], init["elements"]] : [[id], [init]]) as [Array<Node>, Array<Node>]
    for (const [at, part] of parts.entries()) {
      const name = part.type === "Identifier" ? (part["name"] as string) : ""
      if (name !== "") names.set(name, [...(names.get(name) ?? []), values[at]!])
    }
  }
  return names
}

const bare = (node: Node): Node =>
  node.type.startsWith("TS") && isNode(node["expression"]) ? bare(node["expression"]) : node

/** The texts that an expression may stand for; `{}` for what is not known before. */
const textsOf = (given: Node, names: Names): ReadonlyArray<string> => {
  const node = bare(given)
  if (node.type === "Literal") return [String(node["value"])]
  if (node.type === "ConditionalExpression")
    return [node["consequent"], node["alternate"]].flatMap((each) => textsOf(each as Node, names))
  if (node.type === "TemplateLiteral") {
    const quasis = (node["quasis"] as ReadonlyArray<{ readonly value: { readonly cooked: string } }>).map(
      ({ value }) => value.cooked
    )
    const between = (node["expressions"] as ReadonlyArray<Node>).map((each) => textsOf(each, names))
    return between.reduce<ReadonlyArray<string>>(
      (texts, parts, at) => texts.flatMap((text) => parts.map((one) => text + one + quasis[at + 1]!)),
      [quasis[0]!]
    )
  }
  // The one function that puts a path together.
  if (node.type === "CallExpression" && (node["callee"] as Node)["name"] === "pathOf") return ["/entities/{}/{}"]
  const found = node.type === "Identifier" ? named(node, names) : []
  return found.length === 0 ? ["{}"] : found.flatMap((each) => textsOf(each, names))
}

const asksIn = (node: Node, names: Names): ReadonlyArray<Asked> => {
  const calls = all(node, ({ callee, type }) => type === "CallExpression" && isNode(callee) && isAsking(callee))
  return calls.flatMap(({ arguments: given, callee }) => {
    const name = (callee as Node)["name"]
    const args = given as ReadonlyArray<Node>
    const methods = name === "ask" ? textsOf(args[0]!, names) : [name === "upload" ? "POST" : "GET"]
    const paths = args[name === "ask" ? 1 : 0]
    if (paths === undefined) return []
    return methods.flatMap((method) => textsOf(paths, names).map((path) => `${method} ${path}`))
  })
}

const isAsking = (callee: Node): boolean => ["ask", "upload", "urlOf", "allOf"].includes(String(callee["name"]))

const propertyOf = (node: Node, name: string): Node | undefined =>
  (node["properties"] as ReadonlyArray<Node>).find(
    ({ key }) => isNode(key) && (key["name"] === name || key["value"] === name)
  )?.["value"] as Node | undefined

/** Names of fields that stand in an object's literal, or in those that it is put together of. */
const fieldsOf = (given: Node | undefined, names: Names): ReadonlyArray<string> => {
  if (given === undefined) return []
  const node = bare(given)
  if (node.type === "ConditionalExpression")
    return [node["consequent"], node["alternate"]].flatMap((each) => fieldsOf(each as Node, names))
  if (node.type === "Identifier") return named(node, names).flatMap((each) => fieldsOf(each, names))
  if (node.type !== "ObjectExpression") return []
  return (node["properties"] as ReadonlyArray<Node>).flatMap((property) => {
    if (property.type === "SpreadElement") return fieldsOf(property["argument"] as Node, names)
    return property["computed"] === true ? [] : [String((property["key"] as Node)["name"])]
  })
}

const saidBy = (given: Node, names: Names): ReadonlyArray<Said> => {
  const node = bare(given)
  if (node.type === "Identifier") return named(node, names).flatMap((each) => saidBy(each, names))
  return all(node, (each) => each.type === "ObjectExpression").flatMap((object) => {
    const spread = (object["properties"] as ReadonlyArray<Node>).find(({ type }) => type === "SpreadElement")
    const id = propertyOf(object, "id")
    const [set, query] = ["set", "query"].map((name) => fieldsOf(propertyOf(object, name), names))
    if (id === undefined || !/^[a-zA-Z]+(\.[a-zA-Z]+)*$/.test(textsOf(id, names)[0]!)) {
      const inner = spread === undefined ? [] : saidBy(spread["argument"] as Node, names)
      return inner.map((each) => ({ ...each, set: [...each.set, ...set!], query: [...each.query, ...query!] }))
    }
    const args = bare(propertyOf(object, "args") ?? ({ type: "None", elements: [] } as Node))
    const count = ((args["elements"] ?? []) as ReadonlyArray<unknown>).length
    return textsOf(id, names).map((one) => ({ id: one, args: count, set: set!, query: query! }))
  })
}

const attribute = (element: Node, name: string): Node | undefined => {
  const found = (element["attributes"] as ReadonlyArray<Node>).find(
    (each) => each.type === "JSXAttribute" && (each["name"] as Node)["name"] === name
  )
  return (found?.["value"] as Node | undefined)?.["expression"] as Node | undefined
}

interface File {
  readonly file: string
  readonly text: string
  readonly root: Node
  readonly names: Names
  readonly asked: ReadonlyArray<Asked>
}

const files = (): ReadonlyArray<File> =>
  readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .toSorted()
    .map((file) => {
      const text = readFileSync(join(sources, file), "utf8")
      const root = parseAst(text, { lang: file.endsWith("x") ? "tsx" : "ts" }) as unknown as Node
      const names = namesIn(root)
      return { file, text, root, names, asked: asksIn(root, names) }
    })

/** What a button is made of: an element, or an object that elements are given. */
const isPart = ({ type }: Node): boolean => type === "JSXOpeningElement" || type === "ObjectExpression"

const given = (node: Node, name: string): Node | undefined =>
  node.type === "ObjectExpression" ? propertyOf(node, name) : attribute(node, name)

/** What the screens ask the hub to do. */
export const asks = (): ReadonlyArray<{ readonly file: string; readonly asked: Asked }> =>
  files().flatMap(({ asked, file }) =>
    asked.flatMap((each) => (file.startsWith("screens") && !each.startsWith("GET ") ? [{ file, asked: each }] : []))
  )

/** Everything in the pages that has a command. */
export const actions = (): ReadonlyArray<Action> => {
  const found = files()
  const anywhere = found.flatMap(({ asked }) => asked)
  return found.flatMap(({ asked: inFile, file, names, root, text }) =>
    all(root, isPart).flatMap((element) => {
      const operation = given(element, "operation")
      const said = operation === undefined ? [] : saidBy(operation, names)
      if (said.length === 0) return []
      const run = given(element, "run")
      const asked = run === undefined ? [] : asksIn(run, names)
      const line = text.slice(0, element["start"] as number).split("\n").length
      return [{ place: `${file}:${line}`, said, asked, nearby: inFile.length === 0 ? anywhere : inFile }]
    })
  )
}
