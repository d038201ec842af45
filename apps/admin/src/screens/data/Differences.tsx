/** What is another now than it was then. */
import { Table, Text } from "@mantine/core"
import type { Entity } from "../../api/records.ts"
import { Inert, InertValue } from "../../elements/Inert.tsx"
import { differences } from "./fieldStory.ts"

interface Props {
  readonly then: Entity
  readonly now: Entity
}

export const Differences = ({ now, then }: Props) => {
  const those = differences(then, now)
  if (those.length === 0) return <Text size="sm">It was then as it is now.</Text>
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Field</Table.Th>
            <Table.Th>Then</Table.Th>
            <Table.Th>Now</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {those.map((each) => (
            <Table.Tr key={each.field}>
              <Table.Td>
                <Inert text={each.field} />
              </Table.Td>
              <Table.Td>{each.was === undefined ? "not there" : <InertValue value={each.was} />}</Table.Td>
              <Table.Td>{each.now === undefined ? "not there" : <InertValue value={each.now} />}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
