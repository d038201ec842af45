/**
 * The tests that stand in a policy document: what must and must not be possible, for devices that people make up. They are
 * asked as the gate asks, owners included, so that a test says what will be. A document whose own test fails is not put in
 * force, so a slip is found before it lets something out.
 */
import { CharterState, type PeerId, type SpaceId } from "@syncline/core"
import { EnterpriseDecisions } from "./EnterpriseDecisions.ts"
import * as PolicyProblems from "./PolicyProblems.ts"
import type { Action, PolicyDocument, PolicyTest } from "./PolicyDocument.ts"

/** What a test does not say of the device that asks. No rule can name it. */
const nobody = { device: "(some device)", member: "(some member)", role: "(no role)" }

/** Of roles that the program does not know: only to name one of several rules; a test asks whether, not by which. */
const anyLevel = 1

const space = "0".repeat(32) as SpaceId.SpaceId

/** The only device of a charter that has the document in force. */
const decisionsFor = (text: string, who: PolicyTest["who"]): EnterpriseDecisions => {
  const empty = CharterState.empty(space)
  const { device: peer, member: id, role } = { ...nobody, ...who }
  const since = 1
  const isPaused = false
  return new EnterpriseDecisions({
    ...empty,
    version: since,
    members: new Map([[id, { id, name: id, role, teams: who.teams ?? [], since }]]),
    devices: new Map([
      [peer as PeerId.PeerId, { peer: peer as PeerId.PeerId, member: id, name: peer, isPaused, since }]
    ]),
    roles: new Map([[role, { id: role, name: role, level: anyLevel, isBuiltIn: false }], ...empty.roles]),
    policy: { text, version: since },
    policySince: since
  })
}

/** A sentence for each expectation that is not met. `text` is the document's. */
export const failures = (text: string, { tests = [] }: PolicyDocument): ReadonlyArray<string> => {
  const known = new Map<string, EnterpriseDecisions>()
  function* failuresOf(test: PolicyTest) {
    const { can = [], cannot = [], field, header = {}, name, type, who } = test
    const key = JSON.stringify([who.role, who.member, who.device, who.teams])
    const decisions = known.get(key) ?? decisionsFor(text, who)
    known.set(key, decisions)
    const peer = (who.device ?? nobody.device) as PeerId.PeerId
    const what = field === undefined ? type : `${type}.${field}`
    const failed = (action: Action, isWanted: boolean): ReadonlyArray<string> => {
      const { allowed, rule } = decisions.may(peer, action, { type, header }, field)
      if (allowed === isWanted) return []
      return [`test ${name}: it ${allowed ? "can" : "cannot"} ${action} ${what}, because ${reasonOf(rule)}`]
    }
    for (const action of can) yield* failed(action, true)
    for (const action of cannot) yield* failed(action, false)
  }
  return PolicyProblems.tell(tests.map((test) => () => failuresOf(test)))
}

const reasonOf = (rule: string): string => {
  if (rule === "default") return "no rule allows it"
  if (rule === "charter/owner") return "owners are above all rules, and no policy holds them back"
  return `the rule ${rule} says so`
}
