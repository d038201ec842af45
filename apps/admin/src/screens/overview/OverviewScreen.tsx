/** How the hub stands: one light, one honest sentence, and what somebody may have to do about it. */
import { Alert, Code, Group, Paper, Skeleton, Stack, Table, Text, Title } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { lazy, Suspense } from "react"
import { ask } from "../../api/ask.ts"
import { pairingQuery } from "../../api/pairing.ts"
import { peersQuery } from "../../api/peers.ts"
import { type Stats, statsQuery, type Status, statusQuery } from "../../api/status.ts"
import { requestsQuery } from "../../api/team.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { bytes, count, countOf, shortened } from "../../elements/amounts.ts"
import { Facts } from "../../elements/Facts.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge, type Tone } from "../../elements/StateBadge.tsx"
import { useActsAsMember, useIsTeam, useMay } from "../../session/who.ts"
import { nameOf } from "../peers/peerWords.ts"
import { LastDecisions } from "./LastDecisions.tsx"
import { seriesOf, wordsOf } from "./throughput.ts"
import { ButtonLink } from "../../elements/links.tsx"

const ThroughputChart = lazy(() =>
  import("./ThroughputChart.tsx").then(({ ThroughputChart: chart }) => ({ default: chart }))
)

export const OverviewScreen = () => {
  const isMember = useActsAsMember()
  const stats = useQuery({ ...statsQuery, enabled: isMember === true })
  const mayAudit = useMay("audit:read")
  const isTeam = useIsTeam()
  return (
    <Page
      title="Overview"
      actions={
        <ActButton
          label="Sync all now"
          scope="peers:write"
          operation={{ id: "sync.now" }}
          run={() => ask("POST", "/sync", { body: {} })}
          stale={["peers", "status"]}
          done="Every linked peer is compared now."
        />
      }
    >
      <Waiting />
      <Loaded query={useQuery(statusQuery)}>{(status) => <Standing status={status} />}</Loaded>
      {isMember !== false ? (
        <>
          <Loaded query={stats}>{(data) => <Throughput stats={data} />}</Loaded>
          <Loaded query={stats}>{(data) => <Behind stats={data} />}</Loaded>
          <Loaded query={stats}>{(data) => <Kept stats={data} />}</Loaded>
        </>
      ) : (
        <Text c="dimmed">
          Your account acts as no member of the team, so nothing is told to it of records. An owner of the hub links it
          to one, under Admins and sessions.
        </Text>
      )}
      {mayAudit && isTeam ? <LastDecisions /> : null}
    </Page>
  )
}

const tones: { readonly [L in Status["light"]]: Tone } = { green: "good", yellow: "warning", red: "bad" }
const lights = { green: "all well", yellow: "not all is known to be in sync", red: "somebody has to act" } as const

const Standing = ({ status }: { readonly status: Status }) => {
  const { autoSync, head, light, peers, quarantine, sentence, startedMs, version } = status
  const linked = Object.entries(peers)
  const waiting = Object.values(quarantine).reduce((sum, each) => sum + each, 0)
  return (
    <Paper withBorder p="md" component="section" aria-label="How the hub stands" data-light={light}>
      <Stack>
        <Group gap="sm" align="center">
          <StateBadge tone={tones[light]} word={lights[light]} />
          <Title order={2} size="h3" role="status">
            {sentence}
          </Title>
        </Group>
        <Facts
          facts={[
            [
              "Peers",
              linked.length === 0 ? "none yet" : linked.map(([state, many]) => `${count(many)} ${state}`).join(", ")
            ],
            [
              "Waiting in quarantine",
              waiting === 0 ? "nothing" : <Link to="/quarantine">{countOf(waiting, "commit")}</Link>
            ],
            [
              "Syncs by itself",
              autoSync.mode === "live"
                ? "all the time"
                : autoSync.mode === "off"
                  ? "no"
                  : `every ${count(autoSync.mode.everyMs / 1_000)} s`
            ],
            ["Journal", `${countOf(head, "change")} so far`],
            ["Started", <Ago key="since" atMs={startedMs} />],
            ["Version", version]
          ]}
        />
      </Stack>
    </Paper>
  )
}

/** Devices that ask to come in wait for minutes only. */
const Waiting = () => {
  const [may, isTeam] = [useMay("team:read"), useIsTeam()]
  const codes = useQuery({ ...pairingQuery, enabled: may }).data?.pending ?? []
  const requests = useQuery({ ...requestsQuery, enabled: may && isTeam }).data ?? []
  const pending = requests.filter(({ status }) => status === "pending")
  const waiting = codes.length + pending.length
  if (waiting === 0) return null
  return (
    <Alert
      color="blue"
      variant="light"
      title={`${countOf(waiting, "device waits", "devices wait")} to be let in`}
      role="alert"
    >
      <Group>
        {codes.length > 0 ? (
          <ButtonLink to="/pairing" size="xs">
            Look at {countOf(codes.length, "device")} with a code
          </ButtonLink>
        ) : null}
        {pending.length > 0 ? (
          <ButtonLink to="/team" search={{ tab: "requests" }} size="xs">
            Look at {countOf(pending.length, "request")} by invitation
          </ButtonLink>
        ) : null}
      </Group>
    </Alert>
  )
}

const Throughput = ({ stats: { points } }: { readonly stats: Stats }) => (
  <Panel title="Throughput">
    {points.length < 2 ? (
      <Text c="dimmed">The first points come within half a minute.</Text>
    ) : (
      <Suspense fallback={<Skeleton height={180} />}>
        <ThroughputChart series={seriesOf(points)} />
      </Suspense>
    )}
    <Text size="sm">{wordsOf(points)} Events a second: in drawn through, out drawn dashed.</Text>
  </Panel>
)

/** Rows of the short table; all of them are under Peers. */
const behindMax = 10

const Behind = ({ stats: { lag } }: { readonly stats: Stats }) => {
  const peers = useQuery({ ...peersQuery, enabled: useMay("peers:read") }).data ?? []
  const names = new Map(peers.map((peer) => [peer.peer as string, nameOf(peer)]))
  if (lag.length === 0) {
    return (
      <Panel title="Who is behind">
        <Empty title="No peer yet" action={<ButtonLink to="/pairing">Pair a device</ButtonLink>}>
          Or at the terminal: <Code>syncline pair new</Code>
        </Empty>
      </Panel>
    )
  }
  const behind = lag.filter(({ pendingIn, pendingOut }) => pendingIn + pendingOut > 0)
  return (
    <Panel title="Who is behind">
      {behind.length === 0 ? (
        <Text>None of {countOf(lag.length, "peer")} that the hub has met.</Text>
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Peer</Table.Th>
              <Table.Th ta="right">Commits to it</Table.Th>
              <Table.Th ta="right">Commits from it</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {behind.slice(0, behindMax).map(({ peer, pendingIn, pendingOut }) => (
              <Table.Tr key={peer}>
                <Table.Td>
                  <Link to="/peers/$peer" params={{ peer }}>
                    {names.get(peer) ?? shortened(peer)}
                  </Link>
                </Table.Td>
                <Table.Td ta="right">{count(pendingOut)}</Table.Td>
                <Table.Td ta="right">{count(pendingIn)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Panel>
  )
}

const Kept = ({ stats: { records, storage } }: { readonly stats: Stats }) => {
  const types = Object.entries(records)
  const files = Object.values(storage).reduce((sum, each) => sum + each, 0)
  const all = types.reduce((sum, [, many]) => sum + many, 0)
  return (
    <Panel title="What is kept">
      <Facts
        facts={[
          ["Records that you see", count(all)],
          [
            "Types",
            types.length === 0 ? (
              "none yet"
            ) : (
              <Link key="types" to="/data">
                {count(types.length)}
              </Link>
            )
          ],
          ["On the disk", bytes(files)]
        ]}
      />
    </Panel>
  )
}
