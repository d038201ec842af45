/** What one device or member can send and receive, in force and by the draft, and by which rule. */
import { Select, Table, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { reachQuery } from "../../api/policy.ts"
import { count } from "../../elements/amounts.ts"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { type Compared, compared } from "./reachWords.ts"
import { type Names, useNames } from "./useNames.ts"
import type { DraftProps } from "./useDraft.ts"

interface Props extends DraftProps {
  readonly isGood: boolean
}

export const ReachPanel = ({ draft, isGood }: Props) => {
  const search = useSearch({ strict: false }) as { readonly asker?: string }
  const { asker } = search
  const navigate = useNavigate()
  const names = useNames()
  return (
    <Panel title="What can this device send and receive, and by which rule">
      <Select
        label="Device or member"
        placeholder="Choose one"
        searchable
        clearable
        maw={360}
        data={names.askers}
        value={asker ?? null}
        onChange={(value) => void navigate({ to: "/policy", search: { ...search, asker: value ?? undefined } })}
      />
      {asker === undefined ? (
        <Text c="dimmed">
          What it may read is what it is sent; what it may create, update and delete is what is taken from it.
        </Text>
      ) : (
        <ReachOf asker={asker} names={names} text={draft.isOther && isGood ? draft.text : undefined} />
      )}
    </Panel>
  )
}

interface ReachProps {
  readonly asker: string
  readonly names: Names
  /** The draft to compare with. */
  readonly text: string | undefined
}

const ReachOf = ({ asker, names, text }: ReachProps) => {
  const now = useQuery(reachQuery(undefined))
  const then = useQuery({ ...reachQuery(text), enabled: text !== undefined })
  return (
    <Loaded
      query={now}
      isEmpty={(reach) => compared(reach, then.data, names.devicesOf(asker)).length === 0}
      empty={
        <Empty title="It can do nothing with what is there">
          It has no device that is let in, no rule allows it anything, or there are no records.
        </Empty>
      }
    >
      {(reach) => (
        <ReachTable
          rows={compared(reach, text === undefined ? undefined : then.data, names.devicesOf(asker))}
          names={names}
          isCompared={text !== undefined}
        />
      )}
    </Loaded>
  )
}

interface TableProps {
  readonly rows: ReadonlyArray<Compared>
  readonly names: Names
  readonly isCompared: boolean
}

const many = (records: number | undefined): string => (records === undefined ? "none" : count(records))

const ReachTable = ({ isCompared, names, rows }: TableProps) => (
  <Table.ScrollContainer minWidth={620}>
    <Table aria-label="What it can do">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Device</Table.Th>
          <Table.Th>What</Table.Th>
          <Table.Th ta="right">Records, in force</Table.Th>
          {isCompared ? <Table.Th ta="right">Records, by the draft</Table.Th> : null}
          <Table.Th>Why</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map(({ after, before, reach: { action, peer, type }, what }) => (
          <Table.Tr key={`${peer} ${what}`}>
            <Table.Td>{names.deviceName(peer)}</Table.Td>
            <Table.Td>{what}</Table.Td>
            <Table.Td ta="right">{many(before)}</Table.Td>
            {isCompared ? <Table.Td ta="right">{many(after)}</Table.Td> : null}
            <Table.Td>
              <Link to="/policy" search={{ tab: "explain", asker: peer, action, type }}>
                By which rule
              </Link>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  </Table.ScrollContainer>
)
