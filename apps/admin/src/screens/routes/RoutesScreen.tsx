/** The ways to peers: routes in the order in which they are tried, mailboxes for when none reaches, lists of peers, and where this hub listens. */
import { Code, Stack, Table, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { listsQuery, type Mailbox, mailboxesQuery, routesQuery } from "../../api/routes.ts"
import { statusQuery } from "../../api/status.ts"
import { Ago } from "../../elements/Clock.tsx"
import { CopyButton } from "../../elements/CopyButton.tsx"
import { count, countOf } from "../../elements/amounts.ts"
import { Inert } from "../../elements/Inert.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge, type Tone } from "../../elements/StateBadge.tsx"
import { AddRoute } from "./AddRoute.tsx"
import { RouteList } from "./RouteList.tsx"

export const RoutesScreen = () => (
  <Page title="Routes" description="How the hub and its peers reach each other, and what takes over where a way fails.">
    <Panel title="Routes that the hub dials">
      <Text size="sm" c="dimmed">
        Tried from the top. Where one fails the next is taken, and the first is gone back to once it answers again.
      </Text>
      <Loaded
        query={useQuery(routesQuery)}
        isEmpty={(routes) => routes.length === 0}
        empty={
          <Empty title="The hub dials nobody">
            Devices dial it. A route is needed to another hub, or to a device that listens: an address such as{" "}
            <Code>https://hub.example.com</Code> or <Code>/dns4/relay.example.com/tcp/4001/p2p/12D3KooW…</Code>
          </Empty>
        }
      >
        {(routes) => <RouteList routes={routes} />}
      </Loaded>
      <AddRoute />
    </Panel>
    <Listening />
    <Panel title="Mailboxes">
      <Loaded
        query={useQuery(mailboxesQuery)}
        isEmpty={(mailboxes) => mailboxes.length === 0}
        empty={
          <Empty title="No mailbox">
            A folder that a cloud service syncs carries changes to devices that do not reach the hub. The hub takes one
            by the setting <Code>SYNCLINE_MAILBOX_FOLDER</Code>; a device by <Code>syncline road add</Code>.
          </Empty>
        }
      >
        {(mailboxes) => <Mailboxes mailboxes={mailboxes} />}
      </Loaded>
    </Panel>
    <ListsOfPeers />
  </Page>
)

const Listening = () => (
  <Panel title="Where devices reach this hub">
    <Loaded
      query={useQuery(statusQuery)}
      isEmpty={({ addresses }) => addresses.length === 0}
      empty={<Text c="dimmed">Nowhere: it is stopped. Settings start it again.</Text>}
    >
      {({ addresses }) => (
        <Stack gap={2}>
          {addresses.map((address) => (
            <div key={address}>
              <Code className="inert">{address}</Code> <CopyButton text={address} label="Copy the address" />
            </div>
          ))}
        </Stack>
      )}
    </Loaded>
  </Panel>
)

const tones: { readonly [S in Mailbox["state"]]: Tone } = { active: "good", standby: "quiet", idle: "quiet" }

const Mailboxes = ({ mailboxes }: { readonly mailboxes: ReadonlyArray<Mailbox> }) => (
  <Table.ScrollContainer minWidth={640}>
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Place</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th>Why</Table.Th>
          <Table.Th>Last looked into</Table.Th>
          <Table.Th ta="right">Devices, of them equal</Table.Th>
          <Table.Th>Last error</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {mailboxes.map(({ address, because, devices, equal, lastError, lookedAtMs, name, state }) => (
          <Table.Tr key={`${name} ${address}`}>
            <Table.Td>
              {name} <Inert text={address} />
            </Table.Td>
            <Table.Td>
              <StateBadge tone={tones[state]} word={state} />
            </Table.Td>
            <Table.Td>
              <Inert text={because} />
            </Table.Td>
            <Table.Td>
              <Ago atMs={lookedAtMs} />
            </Table.Td>
            <Table.Td ta="right">
              {count(devices)}, {count(equal)}
            </Table.Td>
            <Table.Td>{lastError === null ? "none" : <Inert text={lastError} charsMax={200} />}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  </Table.ScrollContainer>
)

const ListsOfPeers = () => {
  const { data: lists = [] } = useQuery(listsQuery)
  if (lists.length === 0) return null
  return (
    <Panel title="Lists of peers">
      {lists.map(({ attempts, fetchedAtMs, lastError, name, routes }) => (
        <Text key={name} size="sm">
          <Inert text={name} />: {countOf(routes, "route")}, fetched <Ago atMs={fetchedAtMs} />
          {lastError === null ? null : (
            <>
              ; {countOf(attempts, "failure")} since, the last: <Inert text={lastError} charsMax={200} />
            </>
          )}
        </Text>
      ))}
    </Panel>
  )
}
