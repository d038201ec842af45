/** Who asked to join by an invitation: those that wait for an answer first, and what became of the others. */
import { Group, Select, Stack, Text, TextInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { ask } from "../../api/ask.ts"
import { type Request, requestsQuery } from "../../api/team.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge, type Tone } from "../../elements/StateBadge.tsx"
import { rolesOf } from "./choices.ts"
import type { TabProps } from "./teamProps.ts"

export const RequestsTab = ({ team }: TabProps) => (
  <Loaded
    query={useQuery(requestsQuery)}
    isEmpty={(list) => list.length === 0}
    empty={<Empty title="Nobody asks">Whoever opens an invitation's link that takes a yes appears here.</Empty>}
  >
    {(list) => {
      const pending = list.filter(({ status }) => status === "pending")
      return (
        <Stack>
          <Panel title="Waiting">
            {pending.length === 0 ? (
              <Text c="dimmed">Nobody waits.</Text>
            ) : (
              pending.map((request) => <Waiting key={request.id} request={request} team={team} />)
            )}
          </Panel>
          <Panel title="Settled">
            {list.length === pending.length ? <Text c="dimmed">None yet.</Text> : null}
            <ul className="routes">
              {list
                .filter(({ status }) => status !== "pending")
                .map((request) => (
                  <li key={request.id}>
                    <Settled request={request} />
                  </li>
                ))}
            </ul>
          </Panel>
        </Stack>
      )
    }}
  </Loaded>
)

const act = { scope: "team:write", stale: ["joining", "team", "peers", "audit"] } as const

const Waiting = ({
  request: { askedMs, id, name, peer, platform, role, teams, untilMs },
  team
}: TabProps & { readonly request: Request }) => {
  const [as, setAs] = useState<string | null>(role)
  const [reason, setReason] = useState("")
  const approval = as === null || as === role ? { id } : { id, role: as }
  const rejection = reason === "" ? { id } : { id, reason }
  return (
    <Stack gap="sm" p="sm" className="asking" data-request={id}>
      <Text>
        <Inert text={name} charsMax={64} /> asks to join.
      </Text>
      <Facts
        facts={[
          ["Says it is", <Inert key="platform" text={platform} />],
          ["Device id", <Inert key="peer" text={peer} />],
          ["Teams", teams.length === 0 ? "none" : teams.join(", ")],
          ["Asked", <Ago key="asked" atMs={askedMs} />],
          ["Waits until", <Ago key="until" atMs={untilMs} />]
        ]}
      />
      <Group align="flex-end">
        <Select label="Role" data={rolesOf(team)} allowDeselect={false} value={as} onChange={setAs} />
        <ActButton
          {...act}
          label="Let it in"
          variant="filled"
          operation={{ id: "requests.approve", set: approval }}
          run={() => ask("POST", "/requests/approve", { body: approval })}
          done="It is in the team."
        />
        <TextInput
          label="Why not"
          placeholder="It is told this"
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        <ActButton
          {...act}
          label="Turn it away"
          operation={{ id: "requests.reject", set: rejection }}
          run={() => ask("POST", "/requests/reject", { body: rejection })}
          done="It was turned away, for good."
        />
      </Group>
    </Stack>
  )
}

const tones: { readonly [S in Request["status"]]: Tone } = { pending: "busy", approved: "good", rejected: "quiet" }

const Settled = ({ request: { because, member, name, role, settledMs, status } }: { readonly request: Request }) => (
  <Group gap="xs">
    <StateBadge tone={tones[status]} word={status} />
    <Text size="sm">
      <Inert text={name} charsMax={64} /> as {role}
      {member === null ? null : `, the member ${member}`}, <Ago atMs={settledMs} />
      {because === null || because === "" ? null : (
        <>
          : <Inert text={because} charsMax={200} />
        </>
      )}
    </Text>
  </Group>
)
