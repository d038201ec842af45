/** What each device gains and loses, on the records that are there. */
import { Spoiler, Table, Text } from "@mantine/core"
import type { Impact } from "../../api/policy.ts"
import { count } from "../../elements/amounts.ts"
import { Inert, InertValue } from "../../elements/Inert.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { useNames } from "./useNames.ts"
import { whatOf } from "./reachWords.ts"

export const ImpactTable = ({ impacts }: { readonly impacts: ReadonlyArray<Impact> }) => {
  const { deviceName } = useNames()
  if (impacts.length === 0) {
    return (
      <Text size="sm" data-impacts="none">
        Nothing on what is there: no device gains or loses anything. It may be otherwise for records that come later.
      </Text>
    )
  }
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table aria-label="What the draft would change" data-impacts="some">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Device</Table.Th>
            <Table.Th>Change</Table.Th>
            <Table.Th>What</Table.Th>
            <Table.Th ta="right">Records</Table.Th>
            <Table.Th ta="right">Partitions</Table.Th>
            <Table.Th>Such as, and why</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {impacts.map((impact) => (
            <Row
              key={`${impact.peer} ${impact.direction} ${impact.action} ${impact.type} ${impact.field}`}
              impact={impact}
              name={deviceName(impact.peer)}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

const Row = ({ impact, name }: { readonly impact: Impact; readonly name: string }) => {
  const { direction, partitions, records, samples } = impact
  return (
    <Table.Tr data-direction={direction}>
      <Table.Td>{name}</Table.Td>
      <Table.Td>
        <StateBadge tone={direction === "gains" ? "good" : "bad"} word={direction} />
      </Table.Td>
      <Table.Td>{whatOf(impact)}</Table.Td>
      <Table.Td ta="right">{count(records)}</Table.Td>
      <Table.Td ta="right">{count(partitions)}</Table.Td>
      <Table.Td>
        <Spoiler maxHeight={44} showLabel="More" hideLabel="Less">
          {samples.map(({ after, partition, records: many }) => (
            <Text key={JSON.stringify(partition)} size="sm" component="div">
              {count(many)} of <Inert text={partition.type} charsMax={40} /> with{" "}
              <InertValue value={partition.header} charsMax={80} />: by {after.rule},{" "}
              <Inert text={after.because} charsMax={160} />
            </Text>
          ))}
        </Spoiler>
      </Table.Td>
    </Table.Tr>
  )
}
