/** Devices by the names that the team gave them. */
import { useQuery } from "@tanstack/react-query"
import { teamQuery } from "../../api/team.ts"
import { shortened } from "../../elements/amounts.ts"
import { plainUpTo } from "../../elements/plainText.ts"

export interface Asker {
  readonly value: string
  readonly label: string
}

export interface Names {
  readonly deviceName: (peer: string) => string
  /** Members, then devices. */
  readonly askers: ReadonlyArray<{ readonly group: string; readonly items: Array<Asker> }>
  /** The devices that an asker is or has. */
  readonly devicesOf: (asker: string) => ReadonlyArray<string>
}

export const useNames = (): Names => {
  const team = useQuery(teamQuery).data
  const devices = team?.devices ?? []
  const members = team?.members ?? []
  const names = new Map(devices.map(({ member, name, peer }) => [peer, `${plainUpTo(name, 40)} of ${member}`]))
  return {
    deviceName: (peer) => names.get(peer) ?? shortened(peer),
    askers: [
      {
        group: "Members",
        items: members.map(({ id, name }) => ({ value: id, label: `${plainUpTo(name, 60)} (${id})` }))
      },
      { group: "Devices", items: devices.map(({ peer }) => ({ value: peer, label: names.get(peer) ?? peer })) }
    ],
    devicesOf: (asker) =>
      devices.some(({ peer }) => peer === asker)
        ? [asker]
        : devices.filter(({ member }) => member === asker).map(({ peer }) => peer)
  }
}
