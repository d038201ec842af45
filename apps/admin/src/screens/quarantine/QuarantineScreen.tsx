/** Commits that are kept and may not be applied now: why, what is in them, and what becomes of them. */
import { Drawer, Group, Select, Text, UnstyledButton } from "@mantine/core"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { type Entries, entryPages, type Entry, type Reason } from "../../api/quarantine.ts"
import { FileButton } from "../../acts/FileButton.tsx"
import { count, countOf, shortened } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Empty } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { PagedTable } from "../../elements/PagedTable.tsx"
import { usePaged } from "../../elements/usePaged.ts"
import { Panel } from "../../elements/Panel.tsx"
import { EntryPanel } from "./EntryPanel.tsx"
import { Decide } from "./Decide.tsx"
import { reasonWords } from "./reasonWords.ts"

const keyOf = ({ id }: Entry): string => id

const columnsWith = (onOpen: (entry: Entry) => void): ReadonlyArray<Column<Entry>> => [
  { id: "since", header: "Since", minPx: 120, cell: ({ sinceMs }) => <Ago atMs={sinceMs} /> },
  { id: "reason", header: "Reason", minPx: 120, cell: ({ reason }) => reasonWords[reason].name },
  {
    id: "type",
    header: "Of the type",
    minPx: 130,
    cell: (entry) => (
      <UnstyledButton fz="sm" td="underline" onClick={() => onOpen(entry)}>
        {entry.type === "" ? "unknown" : <Inert text={entry.type} />}
      </UnstyledButton>
    )
  },
  { id: "events", header: "Events", align: "right", minPx: 80, cell: ({ events }) => count(events) },
  {
    id: "author",
    header: "Written by",
    minPx: 140,
    cell: ({ author }) => (author === "" ? "unknown" : shortened(author.split("/", 1)[0]!))
  },
  { id: "peer", header: "Brought by", minPx: 140, cell: ({ peer }) => shortened(peer) },
  { id: "because", header: "Because", grow: 3, minPx: 220, cell: ({ because }) => <Inert text={because} /> },
  { id: "due", header: "Comes in", minPx: 120, cell: ({ dueMs }) => <Ago atMs={dueMs} never="by a person" /> }
]

export const QuarantineScreen = () => {
  const { commit, reason } = useSearch({ strict: false }) as { readonly commit?: string; readonly reason?: Reason }
  const navigate = useNavigate()
  const list = usePaged(entryPages(reason))
  const go = (more: { readonly reason?: string | undefined; readonly commit?: string | undefined }): void =>
    void navigate({ to: "/quarantine", search: { reason, commit, ...more } })
  return (
    <Page
      title="Quarantine"
      description="Commits that were delivered and may not be applied now. Nothing is lost here, and nothing leaves without a word."
      actions={
        <FileButton
          label="Export"
          path="/quarantine/export"
          query={{ reason }}
          scope="records:read"
          operation={{ id: "quarantine.export", query: { reason }, to: "quarantine.ndjson" }}
        />
      }
    >
      <Counts counts={list.firstPage?.counts ?? null} />
      <Group align="flex-end">
        <Select
          label="Reason"
          placeholder="All"
          clearable
          data={Object.entries(reasonWords).map(([value, { name }]) => ({ value, label: name }))}
          value={reason ?? null}
          onChange={(value) => go({ reason: value ?? undefined, commit: undefined })}
        />
        {reason === undefined ? null : (
          <Decide
            body={{ reason }}
            canRelease={reasonWords[reason].canRelease}
            what={`all that wait for this reason`}
            onDone={() => undefined}
          />
        )}
      </Group>
      <PagedTable
        label="Commits in quarantine"
        list={list}
        columns={columnsWith(({ id }) => go({ commit: id }))}
        keyOf={keyOf}
        onOpen={({ id }) => go({ commit: id })}
        empty={
          <Empty title="Nothing waits">
            What a policy, a clock or the firewall against mass deletions holds back appears here.
          </Empty>
        }
      />
      <Drawer
        opened={commit !== undefined}
        onClose={() => go({ commit: undefined })}
        title="A commit in quarantine"
        position="right"
        size="xl"
      >
        {commit === undefined ? null : <EntryPanel id={commit} onDone={() => go({ commit: undefined })} />}
      </Drawer>
    </Page>
  )
}

const Counts = ({ counts }: { readonly counts: Entries["counts"] }) => {
  const there = Object.entries(counts ?? {}).filter(([, many]) => many > 0) as ReadonlyArray<[Reason, number]>
  if (there.length === 0) return null
  return (
    <Panel title="What waits">
      {there.map(([reason, many]) => (
        <Text key={reason} size="sm">
          <b>
            {reasonWords[reason].name}: {countOf(many, "commit")}.
          </b>{" "}
          {reasonWords[reason].means} {reasonWords[reason].todo}
        </Text>
      ))}
    </Panel>
  )
}
