/** What was decided: who asked for what, whether it was allowed, by which rule. The entries are a chain that nobody changes unseen. */
import { Code, Drawer, Group, Text, UnstyledButton } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { type AuditFilter, auditPages, type Entry, verdictQuery } from "../../api/audit.ts"
import { FileButton } from "../../acts/FileButton.tsx"
import { count, countOf, shortened } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { PagedTable } from "../../elements/PagedTable.tsx"
import { usePaged } from "../../elements/usePaged.ts"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { AuditFilters } from "./AuditFilters.tsx"
import { knowDecision, OneDecision } from "./OneDecision.tsx"

const keyOf = ({ number }: Entry): string => String(number)

const columnsWith = (onOpen: (entry: Entry) => void): ReadonlyArray<Column<Entry>> => [
  { id: "at", header: "When", minPx: 120, cell: ({ atMs }) => <Ago atMs={atMs} /> },
  {
    id: "result",
    header: "Result",
    minPx: 100,
    cell: ({ decision }) => (
      <StateBadge tone={decision.allowed ? "good" : "bad"} word={decision.allowed ? "allowed" : "refused"} />
    )
  },
  {
    id: "action",
    header: "Action",
    minPx: 150,
    cell: (entry) => (
      <UnstyledButton fz="sm" td="underline" onClick={() => onOpen(entry)}>
        {entry.action}
      </UnstyledButton>
    )
  },
  { id: "peer", header: "Who", minPx: 140, cell: ({ peer }) => <span title={peer}>{shortened(peer)}</span> },
  { id: "rule", header: "Rule", minPx: 130, cell: ({ decision }) => <Inert text={decision.rule} charsMax={40} /> },
  { id: "detail", header: "What", grow: 4, minPx: 260, cell: ({ detail }) => <Inert text={detail} charsMax={160} /> },
  { id: "times", header: "Times", align: "right", minPx: 70, cell: ({ times }) => count(times) }
]

export const AuditScreen = () => {
  const { entry, ...filter } = useSearch({ strict: false }) as AuditFilter & { readonly entry?: string }
  const navigate = useNavigate()
  const go = (more: AuditFilter): void =>
    void navigate({ to: "/audit", search: (was) => ({ ...was, ...more }), replace: true })
  const open = (decision: Entry | undefined): void => {
    if (decision !== undefined) knowDecision(decision)
    void navigate({ to: "/audit", search: (was) => ({ ...was, entry: decision && String(decision.number) }) })
  }
  return (
    <Page
      title="Audit"
      description="Every decision about what may be sent, taken or done here."
      actions={
        <>
          <FileButton
            label="Export as lines of JSON"
            path="/audit/export"
            query={{ format: "ndjson" }}
            scope="audit:read"
            operation={{ id: "audit.export", query: { format: "ndjson" }, to: "audit.ndjson" }}
          />
          <FileButton
            label="Export as CSV"
            path="/audit/export"
            query={{ format: "csv" }}
            scope="audit:read"
            operation={{ id: "audit.export", query: { format: "csv" }, to: "audit.csv" }}
          />
        </>
      }
    >
      <Chain />
      <AuditFilters filter={filter} onFilter={go} />
      <PagedTable
        label="Decisions, the newest first"
        list={usePaged(auditPages(filter))}
        columns={columnsWith(open)}
        keyOf={keyOf}
        onOpen={open}
        empty={<Empty title="Nothing in this range">Other filters or another time may find some.</Empty>}
      />
      <Drawer
        opened={entry !== undefined}
        onClose={() => open(undefined)}
        title="A decision"
        position="right"
        size="lg"
      >
        {entry === undefined ? null : <OneDecision number={Number(entry)} />}
      </Drawer>
    </Page>
  )
}

/** Read anew each time: it proves that nothing between its first and last entry was changed, left out or put in. */
const Chain = () => (
  <Loaded query={useQuery(verdictQuery)}>
    {({ entries, fault, last, signer, start }) => (
      <Group gap="sm" data-chain={fault === null ? "holds" : "broken"}>
        <StateBadge tone={fault === null ? "good" : "bad"} word={fault === null ? "verified" : "broken"} />
        <Text size="sm">
          {fault === null
            ? `The chain of ${countOf(entries, "entry", "entries")}, from ${count(start.number)} to ${count(last.number)}, holds: nothing in it was changed, left out or put in${signer === undefined ? "" : `, and ${shortened(signer)} has signed it`}.`
            : `At entry ${count(fault.number)}: ${fault.problem}`}
        </Text>
        <Code title="The last entry's hash: kept elsewhere it proves that nothing is cut off at the end">
          {shortened(last.hash, 10)}
        </Code>
      </Group>
    )}
  </Loaded>
)
