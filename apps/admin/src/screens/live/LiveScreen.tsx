/** What happens right now: who is linked with the hub and how it goes, and every event as it comes. */
import { SegmentedControl, Stack } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { peersQuery } from "../../api/peers.ts"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { EventStream } from "./EventStream.tsx"
import { PeerMatrix } from "./PeerMatrix.tsx"
import { SyncMap } from "./SyncMap.tsx"
import { shownMax } from "./layout.ts"
import { ButtonLink } from "../../elements/links.tsx"

export const LiveScreen = () => {
  const query = useQuery(peersQuery)
  return (
    <Page title="Live" description="What happens right now, without reload.">
      <Loaded
        query={query}
        isEmpty={(peers) => peers.length === 0}
        empty={
          <Empty title="No peer yet" action={<ButtonLink to="/pairing">Pair a device</ButtonLink>}>
            Links show here as soon as a device has one.
          </Empty>
        }
      >
        {(peers) => <Links peers={peers} />}
      </Loaded>
      <Panel title="Events">
        <EventStream />
      </Panel>
    </Page>
  )
}

const Links = ({ peers }: { readonly peers: Parameters<typeof PeerMatrix>[0]["peers"] }) => {
  const { links } = useSearch({ strict: false }) as { readonly links?: string }
  const navigate = useNavigate()
  const view = links ?? (peers.length > shownMax ? "table" : "map")
  return (
    <Panel
      title="Links"
      actions={
        <SegmentedControl
          aria-label="How links are shown"
          size="xs"
          value={view}
          onChange={(value) =>
            void navigate({ to: "/live", search: (was) => ({ ...was, links: value }), replace: true })
          }
          data={[
            { value: "map", label: "Map" },
            { value: "table", label: "Table" }
          ]}
        />
      }
    >
      <Stack gap="xs">{view === "map" ? <SyncMap peers={peers} /> : <PeerMatrix peers={peers} />}</Stack>
    </Panel>
  )
}
