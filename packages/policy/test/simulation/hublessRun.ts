/**
 * One seed of a team's life without a hub: everybody who may writes the charter, also apart from each other, and owners take
 * each other out. What must be true in the end: those who are let in agree on the charter, who was taken out has been heard,
 * everybody has exactly what it may, nothing that was confirmed is lost, and nothing counts that its author was not allowed.
 */
import { Author, Bytes, Charter, type CharterState, CharterStore, Crypto, DeviceKey, Partition } from "@syncline/core"
import { Effect, Layer } from "effect"
import * as PolicyDraft from "../../src/PolicyDraft.ts"
import { isHeard, isLetIn, isOwner, may } from "../referenceTeam.ts"
import * as Team from "./teamCluster.ts"
import * as TeamFaults from "./teamFaults.ts"
import type { TeamResult } from "./teamRun.ts"
import { commitsOf, heldWrong, lost, recordsOf } from "./teamRecords.ts"

/** What a seed came to. */
export interface HublessResult extends TeamResult {
  /** Devices that are let in in the end. */
  readonly letIn: number
}

/** Which of its states was each node's newest when something was written; the third word of a text names it. */
type Moments = Array<ReadonlyArray<number>>

export const runHubless = (seed: number): HublessResult => {
  const time = Team.makeTime()
  return time.run(Effect.scoped(run(Team.makeCluster(seed, time, true))))
}

const run = Effect.fnUntraced(function* (cluster: Team.TeamCluster) {
  const { nodes, watch } = cluster
  const moments: Moments = []
  const textOf = ({ host }: Team.TeamNode): string =>
    `${host} write ${moments.push(nodes.map(({ states }) => states.length - 1)) - 1}`
  yield* TeamFaults.live(cluster, { textOf, rightsEveryMs: 600, partitionEveryMs: 1_500 })
  const found = yield* TeamFaults.settle(nodes, () => check(cluster, moments))
  yield* Team.stop(cluster)
  const result: HublessResult = {
    ...found,
    problems: [...found.problems, ...watch.leaks],
    commitsSent: watch.commits,
    writes: moments.length
  }
  return result
})

const digestOf = ({ charter }: Team.TeamNode): string => Bytes.toHex(charter!.digest())

/** Those whom a node lets in, itself among them, when all of them say the same. */
const agreedBy = (node: Team.TeamNode, nodes: ReadonlyArray<Team.TeamNode>): ReadonlyArray<Team.TeamNode> => {
  const state = node.charter!.state()
  // A charter comes to a new device from the first owner alone; where that is out, somebody must name another one.
  const isCut = !isLetIn(state, nodes[0]!.node.peer)
  const isNew = ({ charter }: Team.TeamNode): boolean => charter!.state().version === 0
  const letIn = nodes.filter((other) => isLetIn(state, other.node.peer) && !(isCut && isNew(other)))
  const isAgreed = letIn.includes(node) && letIn.every((other) => digestOf(other) === digestOf(node))
  return isAgreed ? letIn : []
}

/** Who was taken out and lets in who took it out has told what it knows: with its records the other would say the same. */
const unheard = (nodes: ReadonlyArray<Team.TeamNode>): ReadonlyArray<string> =>
  nodes.flatMap((teller) =>
    nodes.flatMap((hearer) => {
      const state = hearer.charter!.state()
      const isTelling = hearer !== teller && isLetIn(teller.charter!.state(), hearer.node.peer)
      if (!isTelling || isLetIn(state, teller.node.peer) || !isHeard(state, teller.node.peer)) return []
      const with_ = digestWith(hearer, teller)
      return with_ === digestOf(hearer) ? [] : [`${hearer.host} has not heard ${teller.host}`]
    })
  )

/** What a node's charter would say if it knew the records of another one, too. */
const digestWith = ({ node, records }: Team.TeamNode, other: Team.TeamNode): string => {
  const known = new Set(records.map(Bytes.toHex))
  const all = [...records, ...other.records.filter((record) => !known.has(Bytes.toHex(record)))]
  const services = Layer.mergeAll(
    CharterStore.CharterStore.layerMemory(all),
    Layer.succeed(Crypto.Crypto, node.options.crypto),
    Layer.succeed(DeviceKey.DeviceKey, node.options.device)
  )
  const charter = Charter.make({ space: node.options.space, ...PolicyDraft.charterChecks })
  return Effect.runSync(Effect.map(Effect.provide(charter, services), (made) => Bytes.toHex(made.digest())))
}

const check = ({ nodes }: Team.TeamCluster, moments: Moments) => {
  const groups = nodes.map((node) => agreedBy(node, nodes))
  const team = groups.toSorted((a, b) => b.length - a.length)[0]!
  const [first] = team
  if (first === undefined) {
    const said = nodes.map((node) => {
      const letIn = nodes.filter(({ node: { peer } }) => isLetIn(node.charter!.state(), peer)).map(({ host }) => host)
      return `${node.host}: ${digestOf(node).slice(0, 6)} lets in ${letIn.join(",")}`
    })
    return { problems: [`no agreement: ${said.join(" | ")}`], versions: 0, letIn: 0 }
  }
  const state = first.charter!.state()
  const custodian = team.find(({ node }) => isOwner(state, node.peer))!
  const there = recordsOf(custodian)
  const problems = team.flatMap((member) => [...heldWrong(member, state, there), ...lost(member, custodian)])
  problems.push(...unheard(nodes))
  problems.push(...unallowed(nodes, custodian, moments), ...voidWrites(nodes, custodian, state, moments))
  return { problems, versions: state.version, letIn: team.length }
}

const momentOf = (text: string, moments: Moments): ReadonlyArray<number> => moments[Number(text.split(" ")[2])]!

/** Every commit at a custodian was allowed to its author by what somebody knew when it was written, or later. */
const unallowed = (
  nodes: ReadonlyArray<Team.TeamNode>,
  custodian: Team.TeamNode,
  moments: Moments
): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  for (const [id, { authors, partition }] of commitsOf(custodian)) {
    const text = nodes.map(({ written }) => written.get(id)).find((each) => each !== undefined)
    if (text === undefined) continue
    const moment = momentOf(text, moments)
    const peer = Author.peer(authors[0]!)
    const isAllowed = nodes.some(({ host, states }) =>
      states.slice(moment[host]).some((state) => writing.some((action) => may(state, peer, action, partition)))
    )
    if (!isAllowed) wrong.push(`not allowed: ${text} in ${Partition.key(partition)}`)
  }
  return wrong
}

const writing = ["create", "update", "delete"] as const

/** Nothing counts that a device wrote when everybody else knew of its removal, unless somebody let it in again later. */
const voidWrites = (
  nodes: ReadonlyArray<Team.TeamNode>,
  custodian: Team.TeamNode,
  state: CharterState.CharterState,
  moments: Moments
): ReadonlyArray<string> => {
  const counting = commitsOf(custodian)
  const removed = nodes.filter(({ node }) => state.removedDevices.has(node.peer))
  return removed.flatMap(({ host, member, node, written }) =>
    [...written].flatMap(([commit, text]) => {
      const moment = momentOf(text, moments)
      const others = nodes.filter((other) => other.host !== host)
      const isCut = others.every(({ host: at, states }) =>
        states.slice(moment[at]).every((each) => each.removedDevices.has(node.peer))
      )
      return isCut && counting.has(commit) ? [`void: ${text} of ${member} counts`] : []
    })
  )
}
