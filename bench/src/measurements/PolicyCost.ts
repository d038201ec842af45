/**
 * What a policy costs: the same 135k records in 246 partitions go up to a hub and down to another device, once where
 * everybody trusts everybody, and once where a charter and a document of 200 rules decide; with its audit. And how long it takes to
 * decide on a batch by itself.
 */
import * as Cities from "../Cities.ts"
import type { Reading } from "../Figure.ts"
import type { HubProcess } from "../HubProcess.ts"
import type { Measurement } from "../Measurement.ts"
import * as TeamHub from "../TeamHub.ts"
import * as Trust from "../Trust.ts"
import type { Workshop } from "../Workshop.ts"

const country = (names: ReadonlyArray<string>) => [{ field: "country", op: "in", value: names }]

/** Everything that a member does here is allowed by the last rule; the others speak of what is not asked about. */
const documentOf = (names: ReadonlyArray<string>, hasFieldRules: boolean): string =>
  JSON.stringify({
    version: 1,
    types: { place: { header: { country: "text" }, fields: ["salary"] } },
    rules: [
      ...Array.from({ length: 198 }, (_, i) => ({
        id: `r${i}`,
        effect: i % 5 === 0 ? "forbid" : "allow",
        actions: ["read", "update"],
        types: ["place"],
        where: country([`nowhere-${i}`, `nobody-${i}`])
      })),
      ...(hasFieldRules
        ? [{ id: "fields", effect: "forbid", actions: ["create", "update"], types: ["place"], fields: ["salary"] }]
        : []),
      {
        id: "members",
        effect: "allow",
        actions: ["read", "create", "update", "delete"],
        types: ["place"],
        to: { roles: ["member"] },
        where: country(names)
      }
    ]
  })

interface Cost {
  readonly upSeconds: number
  readonly upHubCpu: number
  readonly downSeconds: number
  readonly downCpu: number
}

/** Up from a device that has everything, then down to one that has nothing. */
const sync = async (workshop: Workshop, policy: string | undefined): Promise<Cost> => {
  const source = await workshop.places(workshop.isQuick ? 10_000 : Cities.total)
  const hubFolder = await workshop.empty("hub")
  const [up, down] = [workshop.child(), workshop.child()]
  const isTeams = policy !== undefined
  const introducer = isTeams ? { introducer: hubFolder.peer } : {}
  const trusted = [hubFolder.peer]
  await up.call("openPeer", { folder: source.folder, space: workshop.space, trusted, ...introducer })
  const downFolder = workshop.folder("device")
  const { peer } = await down.call("openPeer", { folder: downFolder, space: workshop.space, trusted, ...introducer })
  if (!isTeams) Trust.trust(hubFolder, [source.peer, peer])
  const hub = await workshop.hub({ folder: hubFolder.folder, isTeams })
  if (isTeams) {
    await TeamHub.addMembers(hubFolder.folder, [
      { member: "mia", peer: source.peer },
      { member: "max", peer }
    ])
    await TeamHub.applyPolicy(hubFolder.folder, policy)
  }
  const dial = { address: hub.address }
  const first = await measured(hub, () => up.call("dial", dial))
  await up.call("closePeer")
  const second = await measured(hub, () => down.call("dial", dial))
  const stateHash = await down.call("stateHash")
  if (stateHash !== source.stateHash) throw new Error("the device has another state")
  await down.call("closePeer")
  await workshop.endAll()
  return {
    upSeconds: first.result.seconds,
    upHubCpu: first.hubCpu,
    downSeconds: second.result.seconds,
    downCpu: second.hubCpu + second.result.cpuSeconds
  }
}

const measured = async <A>(hub: HubProcess, body: () => Promise<A>) => {
  const before = hub.cpuSeconds()
  const result = await body()
  return { result, hubCpu: hub.cpuSeconds() - before }
}

const compare = (name: string, on: Cost, off: Cost, target: number | undefined): ReadonlyArray<Reading> => {
  const ratio = (figure: string, value: number): Reading => ({
    figure: `${name}: ${figure}, on / off`,
    unit: "×",
    value,
    ...(target === undefined ? {} : { target: { atMost: target } })
  })
  return [
    ratio("cold sync of 135k up, hub's processor time", on.upHubCpu / off.upHubCpu),
    ratio("cold sync of 135k down, processor time of both", on.downCpu / off.downCpu),
    ratio("cold sync of 135k up and down, seconds", (on.upSeconds + on.downSeconds) / (off.upSeconds + off.downSeconds))
  ]
}

const decide = async (workshop: Workshop, partitions: number, perCommit: number): Promise<Reading> => {
  const child = workshop.child()
  const names = Array.from({ length: 250 }, (_, i) => `c${i}`)
  const input = { text: documentOf(names, false), records: 100_000, perCommit, partitions }
  const { seconds } = await child.call("decide", input)
  await child.end()
  const each = perCommit === 1 ? "each in a commit of its own" : `${perCommit} a commit`
  const figure = `policy: decisions on 100,000 records in 1,000 partitions, ${each}`
  return { figure, unit: "ms", value: seconds * 1_000, target: { atMost: 100 } }
}

/** So many fit into the text of a document. */
const worstRules = 80

/** The longest rules that a document may have: each holds but for its last condition, and none decides. */
const worst = JSON.stringify({
  version: 1,
  types: { place: { header: { country: "text" } } },
  rules: Array.from({ length: worstRules }, (_, i) => ({
    id: `r${i}`,
    effect: "allow",
    actions: ["read"],
    types: ["place"],
    where: [
      ...Array.from({ length: 9 }, (_, term) => ({
        field: "country",
        op: "nin",
        value: Array.from({ length: 3 }, (_, name) => `x${i}-${term}-${name}`)
      })),
      { field: "country", op: "eq", value: "nowhere" }
    ]
  }))
})

/** What one rule takes to speak of a record; its size does not matter, as rules see the header only. */
const slowestRule = async (workshop: Workshop): Promise<Reading> => {
  const child = workshop.child()
  const partitions = 2_000
  const { seconds } = await child.call("decide", { text: worst, records: partitions, perCommit: 1, partitions })
  await child.end()
  const value = (seconds * 1_000) / partitions / worstRules
  return { figure: "policy: one rule of 10 conditions on one record", unit: "ms", value, target: { atMost: 1 } }
}

const padded = (text: string, length: number): string => text.padEnd(length, "x")

/** The most that a rule may say: 10 conditions on a header of 8 long values, and 256 fields. Beside it one to read and share. */
const longestRule = {
  fields: Array.from({ length: 256 }, (_, i) => padded(`field${i}`, 64)),
  audience: [...Array.from({ length: 60 }, (_, i) => `m${i + 10}`), "mia"].join(" "),
  get text(): string {
    const kinds = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`h${i}`, "text"]))
    const conditions = Array.from({ length: 9 }, (_, i) => ({
      field: `h${i % 7}`,
      op: "nin",
      value: Array.from({ length: 12 }, (_, value) => padded(`v${i}-${value}`, 256))
    }))
    const rule = { effect: "allow", types: ["place"] }
    return JSON.stringify({
      version: 1,
      types: { place: { header: { audience: "audience", ...kinds }, fields: this.fields } },
      rules: [
        { ...rule, id: "reads", actions: ["read", "share"] },
        {
          ...rule,
          id: "longest",
          actions: ["create", "update"],
          fields: this.fields,
          where: [{ field: "audience", op: "has", value: "mia" }, ...conditions]
        }
      ]
    })
  }
}

/** The same rule on records as large as they may be: rules see the header and the names of fields. */
const slowestWrite = async (workshop: Workshop): Promise<Reading> => {
  const child = workshop.child()
  const { audience, fields, text } = longestRule
  const headers = Array.from({ length: 1_000 }, (_, i) => ({
    audience,
    ...Object.fromEntries(Array.from({ length: 7 }, (_, field) => [`h${field}`, padded(`${i}`, 256)]))
  }))
  const { seconds } = await child.call("judge", { text, headers, fields })
  await child.end()
  const value = (seconds * 1_000) / headers.length
  return { figure: "policy: the longest rule on the largest record", unit: "ms", value, target: { atMost: 1 } }
}

export const policyCost: Measurement = {
  name: "policy",
  run: async (workshop) => {
    const names = Cities.countries()
    const off = await sync(workshop, undefined)
    const on = await sync(workshop, documentOf(names, false))
    const withFields = await sync(workshop, documentOf(names, true))
    return [
      await decide(workshop, 1_000, 100),
      await decide(workshop, 1_000, 1),
      await slowestRule(workshop),
      await slowestWrite(workshop),
      ...compare("policy", on, off, 1.1),
      ...compare("policy with rules on fields", withFields, off, undefined)
    ]
  }
}
