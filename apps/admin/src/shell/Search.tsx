/** Ctrl-K: to any screen, peer, member or type of records by a few letters. */
import { Spotlight, spotlight } from "@mantine/spotlight"
import { useQuery } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import { plainUpTo } from "../elements/plainText.ts"
import { peersQuery } from "../api/peers.ts"
import { typesQuery } from "../api/records.ts"
import { teamQuery } from "../api/team.ts"
import { useIsTeam, useMay } from "../session/who.ts"
import { useScreens } from "./useScreens.ts"

export const openSearch = (): void => spotlight.open()

export const Search = () => {
  const navigate = useNavigate()
  const screens = useScreens()
  const [isOpen, setOpen] = useState(false)
  const found = useFound(isOpen)
  const groups = [
    ...screens.map(({ name, screens: those }) => ({
      group: name,
      actions: those.map(({ name: label, path, words }) => ({
        id: path,
        label,
        keywords: words.split(" "),
        onClick: () => void navigate({ to: path })
      }))
    })),
    ...found.map(({ group, items }) => ({
      group,
      actions: items.map(({ label, to, words }) => ({
        id: to,
        label: plainUpTo(label, 80),
        keywords: [words],
        onClick: () => void navigate({ to })
      }))
    }))
  ]
  return (
    <Spotlight
      actions={groups}
      shortcut={["mod + K"]}
      limit={20}
      nothingFound="Nothing by that name"
      highlightQuery
      scrollable
      maxHeight={420}
      onSpotlightOpen={() => setOpen(true)}
      onSpotlightClose={() => setOpen(false)}
      searchProps={{ placeholder: "Screens, peers, members, types", "aria-label": "Search" }}
    />
  )
}

interface Found {
  readonly group: string
  readonly items: ReadonlyArray<{ readonly label: string; readonly to: string; readonly words: string }>
}

/** Asked for once the search is open. */
const useFound = (isOpen: boolean): ReadonlyArray<Found> => {
  const [mayPeers, mayTeam, mayRecords] = [useMay("peers:read"), useMay("team:read"), useMay("records:read")]
  const isTeam = useIsTeam()
  const peers = useQuery({ ...peersQuery, enabled: isOpen && mayPeers }).data ?? []
  const team = useQuery({ ...teamQuery, enabled: isOpen && mayTeam && isTeam }).data
  const types = useQuery({ ...typesQuery, enabled: isOpen && mayRecords }).data ?? []
  return [
    {
      group: "Peers found",
      items: peers.map(({ device, peer }) => ({ label: device?.name ?? peer, to: `/peers/${peer}`, words: peer }))
    },
    {
      group: "Members found",
      items: (team?.members ?? []).map(({ id, name }) => ({ label: name, to: `/team/${id}`, words: id }))
    },
    {
      group: "Types found",
      items: types.map(({ id }) => ({ label: id, to: `/data/${encodeURIComponent(id)}`, words: "records" }))
    }
  ]
}
