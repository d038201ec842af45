/**
 * Somebody is let into one of 20 teams, of 100,000 records in all, while everybody is connected: how many bytes cross to
 * that device beside what the team's commits weigh, and how many to those whom it does not concern. Every device is
 * behind a relay that counts.
 */
import type { ChildProcess } from "../ChildProcess.ts"
import { CountingProxy } from "../CountingProxy.ts"
import type { Reading } from "../Figure.ts"
import type { Measurement } from "../Measurement.ts"
import * as TeamHub from "../TeamHub.ts"
import type { Workshop } from "../Workshop.ts"

const teams = 20
/** Time in which acknowledgements and proofs of what arrived cross. */
const settleMs = 1_000

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Members read what is of their own teams. */
const policy = JSON.stringify({
  version: 1,
  types: { place: { header: { country: "text" } } },
  rules: [
    {
      id: "own-teams",
      effect: "allow",
      actions: ["read", "create", "update", "delete"],
      types: ["place"],
      where: [{ field: "country", op: "in", value: "$teams" }]
    }
  ]
})

interface Member {
  readonly device: ChildProcess
  readonly peer: string
  readonly proxy: CountingProxy
}

const granted = `t${teams - 1}`

export const grant: Measurement = {
  name: "grant",
  run: async (workshop): Promise<ReadonlyArray<Reading>> => {
    const perTeam = workshop.isQuick ? 500 : 5_000
    const source = await workshop.kept("teams", () => workshop.fillTeams(teams, perTeam))
    const filled = workshop.copy(source)
    const hub = await workshop.hub({ folder: filled.folder, isTeams: true })
    const all = Array.from({ length: teams }, (_, i) => ({ _tag: "SetTeam", team: `t${i}`, name: `t${i}` }))
    await TeamHub.write(filled.folder, all)
    await TeamHub.applyPolicy(filled.folder, policy)
    const members: Array<Member> = []
    for (let i = 0; i < 3; i++) members.push(await join(workshop, filled, hub.address, i, perTeam))
    const [one, ...others] = members
    await sleep(settleMs)
    await one!.device.call("watchChanges")
    for (const { proxy } of members) proxy.take()
    const beganMs = performance.now()
    await TeamHub.write(filled.folder, [{ _tag: "SetMemberTeams", member: "m0", teams: ["t0", granted] }])
    await one!.device.call("arrivals", { count: perTeam })
    const ms = performance.now() - beganMs
    await sleep(settleMs)
    const { bytes } = one!.proxy.take()
    const beside = Math.max(...others.map(({ proxy }) => proxy.take().bytes))
    return [
      { figure: `grant of 1 team of ${teams}: bytes`, unit: "B", value: bytes },
      {
        figure: `grant of 1 team of ${teams}: bytes / bytes of its commits`,
        unit: "×",
        value: bytes / source.gain.bytes,
        target: { atMost: 1.2 }
      },
      {
        figure: `grant of 1 team of ${teams}: bytes to another device`,
        unit: "B",
        value: beside,
        target: { atMost: 2_048 }
      },
      { figure: `grant of 1 team of ${teams}: until the device has all`, unit: "ms", value: ms }
    ]
  }
}

/** A device of a member of one team, with everything that it may have. */
const join = async (
  workshop: Workshop,
  hub: { readonly folder: string; readonly peer: string },
  address: string,
  number: number,
  records: number
): Promise<Member> => {
  const device = workshop.child()
  const folder = workshop.folder("device")
  const { space } = workshop
  const { peer } = await device.call("openPeer", { folder, space, trusted: [], introducer: hub.peer })
  await TeamHub.addMembers(hub.folder, [{ member: `m${number}`, peer }], [`t${number}`])
  const proxy = await CountingProxy.open(address)
  workshop.onEnd(() => proxy.close())
  const { entities } = await device.call("dial", { address: proxy.address })
  if (entities !== records) throw new Error(`a member has ${entities} records of ${records}`)
  return { device, peer, proxy }
}
