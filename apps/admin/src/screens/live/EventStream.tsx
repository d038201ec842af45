/** The events that this page has heard, the newest first: filtered, held still to be read, copied. */
import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useMemo, useState } from "react"
import { count } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { CopyButton } from "../../elements/CopyButton.tsx"
import { DataTable } from "../../elements/DataTable.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Empty } from "../../elements/Loaded.tsx"
import { useFollowed } from "../../elements/useFollowed.ts"
import { useEvents } from "../../live/LiveContext.tsx"
import { rememberedMax, type Told } from "../../live/LiveLine.ts"
import { peerWords, wanted, wordsOf } from "./eventWords.ts"

const columns: ReadonlyArray<Column<Told>> = [
  { id: "at", header: "When", minPx: 110, cell: ({ atMs }) => <Ago atMs={atMs} /> },
  { id: "kind", header: "Event", minPx: 150, cell: ({ event }) => event._tag },
  { id: "peer", header: "Peer", minPx: 130, cell: ({ event }) => peerWords(event) },
  {
    id: "words",
    header: "What",
    grow: 4,
    minPx: 260,
    cell: ({ event }) => <bdi title={wordsOf(event)}>{wordsOf(event)}</bdi>
  },
  {
    id: "copy",
    header: "JSON",
    minPx: 60,
    cell: (told) => <CopyButton text={JSON.stringify(told)} label="Copy the event as JSON" />
  }
]

const keyOf = ({ seq, atMs }: Told): string => `${atMs} ${seq}`

export const EventStream = () => {
  const live = useEvents()
  const [held, setHeld] = useState<ReadonlyArray<Told>>()
  const { kind, peer: said = "" } = useSearch({ strict: false }) as { readonly kind?: string; readonly peer?: string }
  const navigate = useNavigate()
  const filter = (more: { readonly [name: string]: string | undefined }): void =>
    void navigate({ to: "/live", search: (was) => ({ ...was, ...more }), replace: true })
  const [peer, type] = useFollowed(said, (next) => filter({ peer: next }))
  const events = held ?? live
  const kinds = useMemo(() => [...new Set(events.map(({ event }) => event._tag))].toSorted(), [events])
  const shown = useMemo(() => wanted(events, { kind, peer: peer.trim() }), [events, kind, peer])
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="sm">
        <Select
          label="Kind"
          placeholder="All"
          clearable
          data={kinds}
          value={kind ?? null}
          onChange={(value) => filter({ kind: value ?? undefined })}
        />
        <TextInput
          label="Peer"
          placeholder="Part of its id"
          value={peer}
          onChange={({ currentTarget }) => type(currentTarget.value)}
        />
        <Button
          variant="default"
          onClick={() => setHeld(held === undefined ? live : undefined)}
          aria-pressed={held !== undefined}
        >
          {held === undefined ? "Hold still" : "Go on"}
        </Button>
        <CopyButton
          text={shown.map((told) => JSON.stringify(told)).join("\n")}
          label="Copy what is shown as JSON lines"
        />
        <Text size="sm" c="dimmed">
          {count(shown.length)} shown; the last {count(rememberedMax)} since this page was opened are remembered.
        </Text>
      </Group>
      {shown.length === 0 ? (
        <Empty title="Nothing has happened yet">Events show here as the hub tells them.</Empty>
      ) : (
        <DataTable label="Events, the newest first" rows={shown} columns={columns} keyOf={keyOf} heightPx={480} />
      )}
    </Stack>
  )
}
