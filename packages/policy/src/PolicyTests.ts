/**
 * The tests that stand in a policy document: what must and must not be possible, for devices that people make up. A
 * document whose own test fails is refused, so a slip is found before it lets something out.
 */
import * as PolicyCompiler from "./PolicyCompiler.ts"
import type { Action, PolicyDocument, PolicyTest } from "./PolicyDocument.ts"
import type { PolicySubject } from "./PolicySubject.ts"

/** What a test does not say of the device that asks. No rule can name it. */
const nobody = { device: "(some device)", member: "(some member)", role: "(no role)" }

/** Only to name one of several rules; a test asks whether, not by which. */
const anyLevel = 1

const subjectOf = ({ who }: PolicyTest): PolicySubject => ({
  device: who.device ?? nobody.device,
  member: who.member ?? nobody.member,
  role: who.role ?? nobody.role,
  level: anyLevel,
  teams: who.teams ?? []
})

/** A sentence for each expectation that is not met. */
export const failures = (document: PolicyDocument): ReadonlyArray<string> =>
  (document.tests ?? []).flatMap((test) => {
    const compiled = PolicyCompiler.compile(document, subjectOf(test))
    const { can = [], cannot = [], header = {}, name, type } = test
    const failed = (action: Action, isWanted: boolean): ReadonlyArray<string> => {
      const { allowed, rule } = compiled.decide(action, type, header)
      if (allowed === isWanted) return []
      const because = rule === undefined ? "no rule allows it" : `the rule ${rule} says so`
      return [`test ${name}: it ${allowed ? "can" : "cannot"} ${action} ${type}, because ${because}`]
    }
    return [...can.flatMap((action) => failed(action, true)), ...cannot.flatMap((action) => failed(action, false))]
  })
