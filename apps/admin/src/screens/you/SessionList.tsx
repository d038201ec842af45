/** Sessions in a table: which browser, from where, since when. */
import { Table } from "@mantine/core"
import { ask, part } from "../../api/ask.ts"
import type { Session } from "../../api/people.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"

interface Props {
  readonly sessions: ReadonlyArray<Session>
  /** One's own can be ended one by one. */
  readonly isOwn: boolean
}

export const SessionList = ({ isOwn, sessions }: Props) => (
  <Table.ScrollContainer minWidth={560}>
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Browser</Table.Th>
          <Table.Th>From</Table.Th>
          <Table.Th>Signed in</Table.Th>
          <Table.Th>Last used</Table.Th>
          {isOwn ? <Table.Th>Actions</Table.Th> : null}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {sessions.map(({ id, isCurrent, remote, signedInMs, usedMs, userAgent }) => (
          <Table.Tr key={id}>
            <Table.Td>
              <Inert text={userAgent} charsMax={80} />
            </Table.Td>
            <Table.Td>{remote}</Table.Td>
            <Table.Td>
              <Ago atMs={signedInMs} />
            </Table.Td>
            <Table.Td>
              <Ago atMs={usedMs} />
            </Table.Td>
            {isOwn ? (
              <Table.Td>
                {isCurrent ? (
                  <StateBadge tone="good" word="this one" />
                ) : (
                  <ActButton
                    label="Sign out"
                    stale={["people"]}
                    operation={{ id: "sessions.end", args: [id], isRemoval: true }}
                    run={() => ask("DELETE", `/sessions/${part(id)}`)}
                    done="That browser is signed out."
                  />
                )}
              </Table.Td>
            ) : null}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  </Table.ScrollContainer>
)
