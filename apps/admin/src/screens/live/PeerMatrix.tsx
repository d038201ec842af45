/** The map in words: each peer with its state, way, what went over and its last error. */
import type { Peer } from "../../api/peers.ts"
import { count } from "../../elements/amounts.ts"
import { DataTable } from "../../elements/DataTable.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { behindWords, nameOf, pathWords, standings } from "../peers/peerWords.ts"
import { AnchorLink } from "../../elements/links.tsx"

const columns: ReadonlyArray<Column<Peer>> = [
  {
    id: "name",
    header: "Peer",
    grow: 2,
    minPx: 150,
    sortBy: nameOf,
    cell: (peer) => (
      <AnchorLink to="/peers/$peer" params={{ peer: peer.peer }} size="sm">
        {nameOf(peer)}
      </AnchorLink>
    )
  },
  {
    id: "state",
    header: "State",
    minPx: 110,
    sortBy: ({ state }) => state,
    cell: ({ state }) => <StateBadge tone={standings[state].tone} word={standings[state].word} />
  },
  { id: "path", header: "Reached", minPx: 110, sortBy: pathWords, cell: pathWords },
  { id: "missing", header: "Missing", grow: 2, minPx: 150, cell: behindWords },
  {
    id: "sent",
    header: "Sent",
    align: "right",
    minPx: 90,
    sortBy: ({ sentEvents }) => sentEvents,
    cell: ({ sentEvents }) => count(sentEvents)
  },
  {
    id: "received",
    header: "Received",
    align: "right",
    minPx: 100,
    sortBy: ({ receivedEvents }) => receivedEvents,
    cell: ({ receivedEvents }) => count(receivedEvents)
  },
  {
    id: "error",
    header: "Last error",
    grow: 2,
    minPx: 160,
    cell: ({ lastError }) => (lastError === null ? "none" : <Inert text={lastError} />)
  }
]

const keyOf = ({ peer }: Peer): string => peer

export const PeerMatrix = ({ peers }: { readonly peers: ReadonlyArray<Peer> }) => (
  <DataTable label="Links of the hub" rows={peers} columns={columns} keyOf={keyOf} heightPx={420} />
)
