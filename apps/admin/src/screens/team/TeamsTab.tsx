/** Teams: names that rules of the policy speak of, such as "records of one's own team". */
import { Button, Group, Stack, Table, TextInput } from "@mantine/core"
import { useForm } from "@mantine/form"
import { ask, part } from "../../api/ask.ts"
import { seenOf } from "../../api/team.ts"
import { ActButton, Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { count } from "../../elements/amounts.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Empty } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import type { TabProps } from "./teamProps.ts"

export const TeamsTab = ({ team }: TabProps) => (
  <Stack>
    {team.teams.length === 0 ? (
      <Empty title="No teams">With teams a rule can say: whoever is in a record's team may read it.</Empty>
    ) : (
      <Table.ScrollContainer minWidth={420}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Team</Table.Th>
              <Table.Th>Id</Table.Th>
              <Table.Th ta="right">Members</Table.Th>
              <Table.Th>Actions</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {team.teams.map(({ id, name }) => (
              <Table.Tr key={id}>
                <Table.Td>
                  <Inert text={name} charsMax={60} />
                </Table.Td>
                <Table.Td>{id}</Table.Td>
                <Table.Td ta="right">{count(team.members.filter(({ teams }) => teams.includes(id)).length)}</Table.Td>
                <Table.Td>
                  <ActButton
                    label="Remove"
                    scope="team:write"
                    stale={["team", "audit"]}
                    operation={{ id: "teams.remove", args: [id], isRemoval: true }}
                    run={() => ask("DELETE", `/teams/${part(id)}`, { query: seenOf(team) })}
                    done="The team is gone, from all its members."
                    question={{
                      title: "Remove this team?",
                      yes: "Remove",
                      words:
                        "It is taken from all its members. Records that name it stay, and rules about it match nobody."
                    }}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    )}
    <Panel title="A new team">
      <NewTeam team={team} />
    </Panel>
  </Stack>
)

const NewTeam = ({ team }: TabProps) => {
  const form = useForm({
    initialValues: { id: "", name: "" },
    validate: {
      id: (text) =>
        /^[a-z0-9._-]{1,64}$/.test(text) ? null : "1 to 64 small letters, digits, dots, dashes or underscores.",
      name: (text) => (text.trim() === "" ? "What people call it." : null)
    }
  })
  const { id, name } = form.values
  const { isPending, mutate } = useAct({
    run: () => ask("PUT", `/teams/${part(id)}`, { body: { name, ...seenOf(team) } }),
    stale: ["team", "audit"],
    done: "The team is there.",
    onDone: () => form.reset()
  })
  return (
    <form onSubmit={form.onSubmit(() => mutate())}>
      <Group align="flex-end" gap="sm">
        <TextInput label="Id" placeholder="north" {...form.getInputProps("id")} />
        <TextInput label="Name" placeholder="North" {...form.getInputProps("name")} />
        <Group gap={2}>
          <Allowed scope="team:write">
            {(may) => (
              <Button type="submit" loading={isPending} disabled={!may}>
                Make or rename the team
              </Button>
            )}
          </Allowed>
          <CopyCommand operation={{ id: "teams.put", args: [id], set: { name } }} />
        </Group>
      </Group>
    </form>
  )
}
