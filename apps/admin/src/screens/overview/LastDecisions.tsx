/** The newest entries of the audit, in a few lines. */
import type { AdminAudit } from "@syncline/core/admin"
import { Group, Stack, Text } from "@mantine/core"
import { queryOptions, useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { ask } from "../../api/ask.ts"
import { Ago } from "../../elements/Clock.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"

const shown = 5

type Entry = typeof AdminAudit.AuditEntry.Type

const lastQuery = queryOptions({
  queryKey: ["audit", "last", shown],
  queryFn: async ({ signal }) =>
    (await ask<{ readonly entries: ReadonlyArray<Entry> }>("GET", "/audit", { signal, query: { limit: shown } }))
      .entries
})

export const LastDecisions = () => (
  <Panel title="Last decisions" actions={<Link to="/audit">All of them</Link>}>
    <Loaded
      query={useQuery(lastQuery)}
      isEmpty={(entries) => entries.length === 0}
      empty={<Text c="dimmed">Nothing has been decided yet.</Text>}
    >
      {(entries) => (
        <Stack gap="xs">
          {entries.map(({ action, atMs, decision: { allowed, rule }, detail, number }) => (
            <Group key={number} gap="xs">
              <StateBadge tone={allowed ? "good" : "bad"} word={allowed ? "allowed" : "refused"} />
              <Text size="sm">
                {action} <Inert text={detail} charsMax={80} /> by {rule}, <Ago atMs={atMs} />
              </Text>
            </Group>
          ))}
        </Stack>
      )}
    </Loaded>
  </Panel>
)
