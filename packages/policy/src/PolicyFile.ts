/**
 * A policy document as text: YAML, of which JSON is a part. The text is what is kept and signed, so that comments and
 * order stay as people wrote them; what it means is `PolicyDocument`'s. Its own tests are run with every reading.
 */
import { Result } from "effect"
import { parseDocument } from "yaml"
import * as PolicyDocument from "./PolicyDocument.ts"
import * as PolicyTests from "./PolicyTests.ts"

/** Longest text in UTF-16 units; the charter's bound in bytes is checked where it is kept. */
const charsMax = 128 * 1024

type Parsed = Result.Result<PolicyDocument.PolicyDocument, ReadonlyArray<string>>

/** Texts whose reading is remembered: a policy is read when it comes, when it is checked and for every state of a charter. */
const rememberedMax = 4
const remembered = new Map<string, Parsed>()

/** The document of a text, or what is wrong with it and where. */
export const parse = (text: string): Parsed => {
  const parsed = remembered.get(text) ?? read(text)
  // The one that was asked for last goes last.
  remembered.delete(text)
  remembered.set(text, parsed)
  if (remembered.size > rememberedMax) remembered.delete(remembered.keys().next().value!)
  return parsed
}

const read = (text: string): Parsed => {
  if (text.length > charsMax) return Result.fail([`the policy has more than ${charsMax} characters`])
  // No anchors: an alias of an alias is how a short text becomes a large value.
  const yaml = parseDocument(text, { uniqueKeys: true, merge: false, strict: true, version: "1.2", schema: "core" })
  const problems = [...yaml.errors, ...yaml.warnings].map(({ message }) => message.split("\n")[0]!)
  if (problems.length > 0) return Result.fail(problems)
  try {
    return Result.flatMap(PolicyDocument.parse(yaml.toJS({ maxAliasCount: 0 })), tested)
  } catch (error) {
    return Result.fail([error instanceof Error ? error.message : String(error)])
  }
}

const tested = (document: PolicyDocument.PolicyDocument): Parsed => {
  const failures = PolicyTests.failures(document)
  return failures.length === 0 ? Result.succeed(document) : Result.fail(failures)
}

/** What is wrong with a text, or nothing. */
export const problemOf = (text: string): string | undefined =>
  Result.match(parse(text), { onSuccess: () => undefined, onFailure: (problems) => problems.join("; ") })
