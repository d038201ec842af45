/** Tokens in a table: what they are for, what they may, when they end; and their end at once. */
import { Group, Table, Text, Tooltip } from "@mantine/core"
import { ask, part } from "../../api/ask.ts"
import type { Token } from "../../api/people.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago, useNow } from "../../elements/Clock.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { standingOf } from "./tokenStanding.ts"

interface Props {
  readonly tokens: ReadonlyArray<Token>
  /** One's own can be ended here. */
  readonly isOwn: boolean
}

export const TokenList = ({ isOwn, tokens }: Props) => {
  const now = useNow()
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>For</Table.Th>
            <Table.Th>Rights</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th>Last used</Table.Th>
            <Table.Th>Ends</Table.Th>
            {isOwn ? <Table.Th>Actions</Table.Th> : null}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tokens.map(({ expiresMs, id, madeMs, note, scopes, usedMs }) => (
            <Table.Tr key={id}>
              <Table.Td>
                <Inert text={note} charsMax={256} />
              </Table.Td>
              <Table.Td>
                <Tooltip label={scopes.join(", ")} multiline maw={400}>
                  <Text size="sm" tabIndex={0}>
                    {scopes.length <= 2 ? scopes.join(", ") : `${scopes.length} rights`}
                  </Text>
                </Tooltip>
              </Table.Td>
              <Table.Td>
                <Ago atMs={madeMs} />
              </Table.Td>
              <Table.Td>
                <Ago atMs={usedMs} />
              </Table.Td>
              <Table.Td>
                <Group gap="xs">
                  <Ago atMs={expiresMs} />
                  {standingOf(expiresMs, now) === "good" ? null : (
                    <StateBadge tone="warning" word={standingOf(expiresMs, now) === "over" ? "over" : "soon"} />
                  )}
                </Group>
              </Table.Td>
              {isOwn ? (
                <Table.Td>
                  <ActButton
                    label="End it"
                    stale={["tokens"]}
                    operation={{ id: "tokens.end", args: [id], isRemoval: true }}
                    run={() => ask("DELETE", `/tokens/${part(id)}`)}
                    done="The token opens nothing any more."
                    question={{ title: "End this token?", words: "Whatever uses it stops at once.", yes: "End it" }}
                  />
                </Table.Td>
              ) : null}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
