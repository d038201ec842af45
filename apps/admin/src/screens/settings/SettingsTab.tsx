/** All settings: what is in force, where from, and a field for those that can be changed while the hub runs. */
import { Button, Code, Group, NumberInput, Select, Stack, Table, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { ask } from "../../api/ask.ts"
import { type Setting, settingsQuery } from "../../api/operation.ts"
import { ActButton, Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { Loaded } from "../../elements/Loaded.tsx"
import { Meanwhile } from "../../elements/Meanwhile.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { useEdited } from "../../elements/useEdited.ts"
import { type Group as Settings, groupsOf, sourceWords } from "./settingGroups.ts"

export const SettingsTab = () => (
  <Loaded query={useQuery(settingsQuery)}>
    {(settings) => (
      <Stack>
        {groupsOf(settings).map((group) => (
          <Panel key={group.name} title={group.name}>
            <GroupTable group={group} />
          </Panel>
        ))}
      </Stack>
    )}
  </Loaded>
)

const GroupTable = ({ group }: { readonly group: Settings }) => (
  <Table.ScrollContainer minWidth={680}>
    <Table layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Setting</Table.Th>
          <Table.Th>In force</Table.Th>
          <Table.Th>Where from</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {group.settings.map((setting) => (
          <Table.Tr key={setting.key} data-setting={setting.key}>
            <Table.Td>
              <Text size="sm">{setting.words}</Text>
              <Text size="xs" c="dimmed">
                {setting.variable}
              </Text>
            </Table.Td>
            <Table.Td>{setting.isChangeable ? <Change setting={setting} /> : <Shown setting={setting} />}</Table.Td>
            <Table.Td>
              <Stack gap={4} align="flex-start">
                <Text size="sm">{sourceWords[setting.source]}</Text>
                {setting.source === "runtime" ? <Reset settingKey={setting.key} /> : null}
              </Stack>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  </Table.ScrollContainer>
)

const Shown = ({ setting: { isSet, kind, value } }: { readonly setting: Setting }) =>
  kind === "hidden" ? <Text size="sm">{isSet ? "set; it is not told" : "not set"}</Text> : <Code>{String(value)}</Code>

const changed = (key: string, value: string | number | null) => ({ values: { [key]: value } })

const Reset = ({ settingKey }: { readonly settingKey: string }) => {
  const body = changed(settingKey, null)
  return (
    <ActButton
      label="As at the start"
      scope="operate:write"
      stale={["settings", "backups"]}
      operation={{ id: "settings.change", set: body }}
      run={() => ask("PATCH", "/settings", { body })}
      done="It is again what it was when the hub started."
    />
  )
}

/** Named in `allowed` as "one of a, b, c". */
const choicesOf = (allowed: string): ReadonlyArray<string> => allowed.replace(/^one of /, "").split(", ")

const Change = ({
  setting: { allowed, key, kind, value, words }
}: {
  readonly setting: Settings["settings"][number]
}) => {
  const edited = useEdited<string | number>(value ?? "", undefined)
  const { edit: setTo, value: to } = edited
  const body = changed(key, to)
  const { isPending, mutate } = useAct({
    run: () => ask("PATCH", "/settings", { body }),
    stale: ["settings", "backups"],
    done: `${words}: ${to} from now on.`,
    onDone: edited.takeTheirs
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        mutate()
      }}
    >
      <Meanwhile edited={edited} now={String(value)} />
      <Group gap={4} wrap="nowrap" align="flex-end">
        {kind === "choice" ? (
          <Select
            aria-label={words}
            data={choicesOf(allowed)}
            allowDeselect={false}
            value={String(to)}
            onChange={(next) => setTo(next ?? to)}
          />
        ) : (
          <NumberInput
            aria-label={words}
            description={allowed}
            allowDecimal={false}
            allowNegative={false}
            value={to}
            onChange={setTo}
          />
        )}
        <Allowed scope="operate:write">
          {(may) => (
            <Button
              type="submit"
              variant="default"
              flex="0 0 auto"
              disabled={!may || to === value || to === ""}
              loading={isPending}
            >
              Change
            </Button>
          )}
        </Allowed>
        <CopyCommand operation={{ id: "settings.change", set: body }} />
      </Group>
    </form>
  )
}
