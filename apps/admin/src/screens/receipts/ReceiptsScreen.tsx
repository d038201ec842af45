/** What custodians said of this hub's commits: taken, refused, put off; and why. */
import { Button, Code, Drawer, Group, Select, Stack, TextInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { type Receipt, receiptQuery, receiptPages } from "../../api/quarantine.ts"
import { shortened } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { PagedTable } from "../../elements/PagedTable.tsx"
import { usePaged } from "../../elements/usePaged.ts"
import { StateBadge, type Tone } from "../../elements/StateBadge.tsx"

const tones: { readonly [S in Receipt["status"]]: Tone } = { accepted: "good", rejected: "bad", deferred: "warning" }

const columns: ReadonlyArray<Column<Receipt>> = [
  { id: "at", header: "When", minPx: 120, cell: ({ atMs }) => <Ago atMs={atMs} never="nobody has said anything" /> },
  {
    id: "status",
    header: "Status",
    minPx: 110,
    cell: ({ status }) => <StateBadge tone={tones[status]} word={status} />
  },
  { id: "commit", header: "Commit", minPx: 150, cell: ({ commit }) => <Code>{shortened(commit)}</Code> },
  {
    id: "peer",
    header: "Decided by",
    minPx: 140,
    cell: ({ peer }) => (peer === null ? "nobody yet" : shortened(peer))
  },
  { id: "rule", header: "Rule", minPx: 120, cell: ({ rule }) => <Inert text={rule === "" ? "none" : rule} /> },
  {
    id: "because",
    header: "Because",
    grow: 3,
    minPx: 220,
    cell: ({ because }) => <Inert text={because === "" ? "—" : because} />
  }
]

const keyOf = ({ commit }: Receipt): string => commit

interface Filter {
  readonly status?: string | undefined
  readonly commit?: string | undefined
}

export const ReceiptsScreen = () => {
  const { commit, status } = useSearch({ strict: false }) as Filter
  const navigate = useNavigate()
  const [typed, setTyped] = useState("")
  const go = (more: Filter): void => void navigate({ to: "/receipts", search: { status, commit, ...more } })
  return (
    <Page
      title="Receipts"
      description="A custodian says of every commit that this hub wrote what became of it, by which rule and why."
    >
      <Group align="flex-end">
        <Select
          label="Status"
          placeholder="All"
          clearable
          data={Object.keys(tones)}
          value={status ?? null}
          onChange={(value) => go({ status: value ?? undefined })}
        />
        <form
          onSubmit={(event) => {
            event.preventDefault()
            go({ commit: typed })
          }}
        >
          <Group align="flex-end" gap="xs">
            <TextInput
              label="A commit"
              placeholder="64 hexadecimal digits"
              value={typed}
              onChange={({ currentTarget }) => setTyped(currentTarget.value.trim())}
            />
            <Button type="submit" variant="default" disabled={!/^[0-9a-f]{64}$/.test(typed)}>
              Look it up
            </Button>
          </Group>
        </form>
      </Group>
      <PagedTable
        label="Receipts"
        list={usePaged(receiptPages(status))}
        columns={columns}
        keyOf={keyOf}
        onOpen={(receipt) => go({ commit: receipt.commit })}
        empty={
          <Empty title="No receipts">
            This hub has written nothing that a custodian judges: it is the custodian itself, or has no peer that is
            one.
          </Empty>
        }
      />
      <Drawer
        opened={commit !== undefined}
        onClose={() => go({ commit: undefined })}
        title="A receipt"
        position="right"
        size="lg"
      >
        {commit === undefined ? null : <One commit={commit} />}
      </Drawer>
    </Page>
  )
}

const One = ({ commit }: { readonly commit: string }) => (
  <Loaded query={useQuery(receiptQuery(commit))}>
    {({ atMs, because, code, peer, policyVersion, rule, status }) => (
      <Stack>
        <Facts
          facts={[
            ["Status", <StateBadge key="status" tone={tones[status]} word={status} />],
            ["When", <Ago key="at" atMs={atMs} never="nobody has said anything" />],
            ["Decided by", peer === null ? "nobody yet" : <Inert key="peer" text={peer} />],
            ["Rule", rule === "" ? "none" : `${rule}, policy version ${policyVersion}`],
            ["Code", code === "" ? "none" : code],
            ["Because", <Inert key="because" text={because === "" ? "—" : because} charsMax={500} />],
            [
              "Commit",
              <Code key="commit" className="inert">
                {commit}
              </Code>
            ]
          ]}
        />
      </Stack>
    )}
  </Loaded>
)
