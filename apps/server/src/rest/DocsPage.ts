/** The endpoints as a page for people: `/docs`. It is one document without scripts, so the strictest browser shows it. */
import { createHash } from "node:crypto"
import type { OpenApiDocument, Operation } from "./OpenApi.ts"

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
code{font-size:.95em}h2{margin-top:2.5rem}article{border-top:1px solid #8886;padding:.75rem 0}article h3{margin:.25rem 0}
dl{margin:.5rem 0}dt{font-weight:600}dd{margin:0 0 .25rem 1rem}pre{overflow:auto;padding:.5rem;border:1px solid #8886}`

/** What lets a browser apply the page's own style and nothing else. */
export const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; frame-ancestors 'none'`

/** The page of a document. */
export const pageOf = ({ components, info, paths, tags }: OpenApiDocument): string => {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation }))
  )
  const sections = tags.map(({ name }) => {
    const those = operations.filter(({ operation }) => operation.tags.includes(name))
    return `<section><h2>${text(name)}</h2>${those.map(articleOf).join("")}</section>`
  })
  const shapes = Object.entries(components.schemas).map(
    ([name, shape]) => `<article id="schema-${text(name)}"><h3>${text(name)}</h3>${json(shape)}</article>`
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${text(info.title)}: REST interface</title><style>${style}</style></head><body><main><h1>${text(info.title)}</h1>
<p>${text(info.description)} Version ${text(info.version)}. For programs: <a href="openapi.json">openapi.json</a>.</p>
${sections.join("\n")}<section><h2>Schemas</h2>${shapes.join("")}</section></main></body></html>`
}

interface Listed {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

const articleOf = ({ method, operation, path }: Listed): string => {
  const { description, operationId, parameters, requestBody, responses, summary } = operation
  const parts = [
    `<article id="${text(operationId)}"><h3><code>${method} /api/v1${text(path)}</code></h3>`,
    `<p>${text(summary)} ${text(description)}</p>`,
    parameters.length === 0 ? "" : `<h4>Parameters</h4>${json(parameters)}`,
    requestBody === undefined ? "" : `<h4>Body</h4>${json(requestBody)}`,
    `<h4>Answers</h4><dl>`,
    ...Object.entries(responses).map(([status, answer]) => `<dt>${status}</dt><dd>${answerOf(answer)}</dd>`),
    `</dl></article>`
  ]
  return parts.join("")
}

const answerOf = (answer: object): string => {
  const { content, description } = answer as { readonly description: string; readonly content?: object }
  const isProblem = content !== undefined && "application/problem+json" in content
  return text(description) + (content === undefined || isProblem ? "" : json(content))
}

const json = (value: unknown): string => `<pre><code>${text(JSON.stringify(value, null, 2))}</code></pre>`

const entities: { readonly [sign: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}
const text = (value: string): string => value.replaceAll(/[&<>"']/g, (sign) => entities[sign]!)
