/** All peers of the hub: who is linked, how it stands with each, and what is missing on either side. */
import { Checkbox, Code, Group, Select, Stack, Text, TextInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useMemo, useState } from "react"
import { ask, part } from "../../api/ask.ts"
import { type Peer, peersQuery } from "../../api/peers.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { count, countOf } from "../../elements/amounts.ts"
import { DataTable } from "../../elements/DataTable.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { AnchorLink, ButtonLink } from "../../elements/links.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { useFollowed } from "../../elements/useFollowed.ts"
import { behindWords, nameOf, pathWords, standings } from "./peerWords.ts"

/** Those that are ticked, by their ids, and what a tick does. */
interface Chosen {
  readonly ids: ReadonlySet<string>
  readonly toggle: (peer: string) => void
}

const tick = ({ ids, toggle }: Chosen): Column<Peer> => ({
  id: "tick",
  header: "",
  minPx: 44,
  grow: 0,
  cell: (peer) => (
    <Checkbox aria-label={`Choose ${nameOf(peer)}`} checked={ids.has(peer.peer)} onChange={() => toggle(peer.peer)} />
  )
})

const columns: ReadonlyArray<Column<Peer>> = [
  {
    id: "name",
    header: "Name",
    grow: 2,
    minPx: 160,
    sortBy: nameOf,
    cell: (peer) => (
      <AnchorLink to="/peers/$peer" params={{ peer: peer.peer }} size="sm">
        {nameOf(peer)}
      </AnchorLink>
    )
  },
  {
    id: "member",
    header: "Member",
    minPx: 110,
    sortBy: ({ device }) => device?.member ?? "",
    cell: ({ device }) => device?.member ?? "—"
  },
  {
    id: "state",
    header: "State",
    minPx: 120,
    sortBy: ({ state }) => state,
    cell: ({ state }) => <StateBadge tone={standings[state].tone} word={standings[state].word} />
  },
  { id: "path", header: "Reached", minPx: 110, sortBy: pathWords, cell: pathWords },
  {
    id: "behind",
    header: "Missing",
    grow: 2,
    minPx: 150,
    sortBy: ({ pendingIn, pendingOut }) => pendingIn + pendingOut,
    cell: behindWords
  },
  {
    id: "sent",
    header: "Events sent",
    align: "right",
    minPx: 130,
    sortBy: ({ sentEvents }) => sentEvents,
    cell: ({ sentEvents }) => count(sentEvents)
  },
  {
    id: "received",
    header: "Events received",
    align: "right",
    minPx: 160,
    sortBy: ({ receivedEvents }) => receivedEvents,
    cell: ({ receivedEvents }) => count(receivedEvents)
  },
  {
    id: "seen",
    header: "Last seen",
    minPx: 130,
    sortBy: ({ totals }) => totals?.lastSeenMs ?? 0,
    cell: ({ totals }) => <Ago atMs={totals?.lastSeenMs} />
  }
]

const keyOf = ({ peer }: Peer): string => peer

export const PeersScreen = () => (
  <Page
    title="Peers"
    description="Devices that sync with this hub, and other hubs it dials."
    actions={
      <>
        <ActButton
          label="Sync all now"
          scope="peers:write"
          operation={{ id: "sync.now" }}
          run={() => ask("POST", "/sync", { body: {} })}
          stale={["peers", "status"]}
          done="Every linked peer is compared now."
        />
        <ButtonLink to="/pairing" size="xs">
          Pair a device
        </ButtonLink>
      </>
    }
  >
    <Loaded
      query={useQuery(peersQuery)}
      isEmpty={(peers) => peers.length === 0}
      empty={
        <Empty title="No peer yet" action={<ButtonLink to="/pairing">Pair a device</ButtonLink>}>
          <Stack gap="xs">
            <span>A device joins by a code that you show it, or by its own id.</span>
            <Code>syncline pair join</Code>
          </Stack>
        </Empty>
      }
    >
      {(peers) => <List peers={peers} />}
    </Loaded>
  </Page>
)

const states = Object.entries(standings).map(([value, { word }]) => ({ value, label: word }))

/** Those of a state whose name, member or id has the text in it. */
const found = (peers: ReadonlyArray<Peer>, state: string | undefined, text: string): ReadonlyArray<Peer> => {
  const wanted = text.toLowerCase()
  return peers.filter(
    (peer) =>
      (state === undefined || peer.state === state) &&
      `${nameOf(peer)} ${peer.device?.member ?? ""} ${peer.peer}`.toLowerCase().includes(wanted)
  )
}

const List = ({ peers }: { readonly peers: ReadonlyArray<Peer> }) => {
  const { state, text: said = "" } = useSearch({ strict: false }) as { readonly state?: string; readonly text?: string }
  const navigate = useNavigate()
  const filter = (more: { readonly [name: string]: string | undefined }): void =>
    void navigate({ to: "/peers", search: (was) => ({ ...was, ...more }), replace: true })
  const [text, type] = useFollowed(said, (next) => filter({ text: next }))
  const shown = useMemo(() => found(peers, state, text), [peers, state, text])
  const chosen = useChosen()
  const withTicks = useMemo(() => [tick(chosen), ...columns], [chosen])
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="sm">
        <TextInput
          label="Find"
          placeholder="Name, member or id"
          value={text}
          onChange={({ currentTarget }) => type(currentTarget.value)}
        />
        <Select
          label="State"
          placeholder="All"
          clearable
          data={states}
          value={state ?? null}
          onChange={(value) => filter({ state: value ?? undefined })}
        />
        <Text size="sm" c="dimmed" role="status">
          {shown.length === peers.length
            ? countOf(peers.length, "peer")
            : `${count(shown.length)} of ${countOf(peers.length, "peer")}`}
        </Text>
      </Group>
      <ChosenActs ids={[...chosen.ids].filter((id) => shown.some(({ peer }) => peer === id))} onDone={chosen.clear} />
      <DataTable
        label="Peers"
        rows={shown}
        columns={withTicks}
        keyOf={keyOf}
        onOpen={({ peer }) => void navigate({ to: "/peers/$peer", params: { peer } })}
      />
    </Stack>
  )
}

const useChosen = (): Chosen & { readonly clear: () => void } => {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  return useMemo(
    () => ({
      ids,
      toggle: (peer) =>
        setIds((before) =>
          before.has(peer) ? new Set([...before].filter((id) => id !== peer)) : new Set([...before, peer])
        ),
      clear: () => setIds(new Set())
    }),
    [ids]
  )
}

/** One after the other, as the hub has no such question for many; the first that is refused ends it, and says so. */
const forEach = async (ids: ReadonlyArray<string>, what: "pause" | "resume"): Promise<void> => {
  for (const id of ids) await ask("POST", `/peers/${part(id)}/${what}`)
}

const ChosenActs = ({ ids, onDone }: { readonly ids: ReadonlyArray<string>; readonly onDone: () => void }) => {
  if (ids.length === 0) return null
  const act = { scope: "peers:write", stale: ["peers", "routes", "status", "team"], onDone } as const
  return (
    <Group gap="xs" role="group" aria-label="What is done with those that are chosen">
      <Text size="sm">{countOf(ids.length, "peer")} chosen</Text>
      <ActButton
        {...act}
        label="Pause them"
        operation={ids.map((id) => ({ id: "peers.pause", args: [id] }))}
        run={() => forEach(ids, "pause")}
        done="Nothing goes either way until they are resumed."
      />
      <ActButton
        {...act}
        label="Resume them"
        operation={ids.map((id) => ({ id: "peers.resume", args: [id] }))}
        run={() => forEach(ids, "resume")}
        done="They may sync again."
      />
    </Group>
  )
}
