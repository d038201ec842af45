/** The charter's own records, the newest first, and whether contents are sealed. */
import { Checkbox, Code, Group, NumberInput, Stack, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { ask } from "../../api/ask.ts"
import { type CharterRecord, charterRecordsQuery, seenOf } from "../../api/team.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { count, countOf, shortened } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { valueText } from "../../elements/plainText.ts"
import type { TabProps } from "./teamProps.ts"

export const CharterTab = ({ team }: TabProps) => (
  <Stack>
    <Panel title="Charter">
      <Facts
        facts={[
          ["Space", <Inert key="name" text={team.name} />],
          ["Version", count(team.version)],
          [
            "Digest",
            <Code key="digest" className="inert">
              {team.digest}
            </Code>
          ],
          [
            "Policy in force since version",
            team.policyVersion === null ? "the built-in roles alone" : count(team.policyVersion)
          ],
          ["Hub", team.hub === null ? "none" : <Inert key="hub" text={team.hub} />]
        ]}
      />
    </Panel>
    <Sealing team={team} />
    <Panel title="Records of the charter">
      <Loaded
        query={useQuery(charterRecordsQuery)}
        isEmpty={(list) => list.length === 0}
        empty={<Empty title="No records" />}
      >
        {(list) => (
          <ol className="routes">
            {list.map((record) => (
              <li key={record.version}>
                <OneRecord record={record} />
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </Panel>
  </Stack>
)

const OneRecord = ({
  record: { atMs, behalf, note, operations, signer, version }
}: {
  readonly record: CharterRecord
}) => (
  <Stack gap={2}>
    <Text size="sm">
      <b>{count(version)}</b>, <Ago atMs={atMs} />, by {behalf === "" ? shortened(signer) : <Inert text={behalf} />}
      {note === "" ? null : (
        <>
          : <Inert text={note} charsMax={200} />
        </>
      )}
    </Text>
    {operations.map((operation, at) => {
      const { _tag, ...more } = operation
      return (
        <Text key={at} size="sm" c="dimmed" className="inert">
          {String(_tag)} {valueText(Object.keys(more).length === 0 ? "" : more, 200)}
        </Text>
      )
    })}
  </Stack>
)

const Sealing = ({ team }: TabProps) => {
  const { seal } = team
  const [showsHistory, setShows] = useState(seal?.showsHistory ?? true)
  const [days, setDays] = useState<string | number>(seal?.periodDays ?? "")
  const body = { showsHistory, periodDays: days === "" ? null : Number(days) }
  return (
    <Panel title="Sealing">
      <Text size="sm">
        {seal === null
          ? "Contents lie open at whoever holds them: the hub, its disk, its backups. Sealed, only the devices of the team read them; that cannot be taken back."
          : `Contents are sealed, by ${countOf(seal.keys, "key")} so far.`}
      </Text>
      <Group align="flex-end">
        <Checkbox
          label="Who joins later reads what was written before"
          checked={showsHistory}
          onChange={({ currentTarget }) => setShows(currentTarget.checked)}
        />
        <NumberInput
          label="A new key every so many days"
          description="Empty: only when somebody leaves"
          min={1}
          allowDecimal={false}
          value={days}
          onChange={setDays}
        />
        <ActButton
          label={seal === null ? "Seal the space" : "Change"}
          size="sm"
          scope="team:write"
          stale={["team", "audit"]}
          operation={{ id: "seal.put", set: body }}
          run={() => ask("PUT", "/seal", { body: { ...body, ...seenOf(team) } })}
          done="Contents are sealed from now on."
          question={{
            title: "Seal the contents of this space?",
            typed: "seal",
            yes: "Seal",
            words:
              "From now on only devices of the team read what is written. A space that is sealed stays so. Whoever loses all devices of the team loses the contents."
          }}
        />
      </Group>
    </Panel>
  )
}
