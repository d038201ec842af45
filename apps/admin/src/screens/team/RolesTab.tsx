/** Roles: the built-in ones, and a team's own with a place among them. What a role may do with records is in the policy. */
import { Button, Group, NumberInput, Stack, Table, Text, TextInput } from "@mantine/core"
import { useForm } from "@mantine/form"
import { ask, part } from "../../api/ask.ts"
import { seenOf } from "../../api/team.ts"
import { ActButton, Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { count } from "../../elements/amounts.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { levelWords, managingLevel } from "./choices.ts"
import type { TabProps } from "./teamProps.ts"

export const RolesTab = ({ team }: TabProps) => (
  <Stack>
    <Text size="sm">
      Who manages may change only what is below: members and roles of a lower level. Without a policy document admins
      and members read and write everything, and readonly reads.
    </Text>
    <Table.ScrollContainer minWidth={560}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Role</Table.Th>
            <Table.Th>Id</Table.Th>
            <Table.Th ta="right">Level</Table.Th>
            <Table.Th>Managing</Table.Th>
            <Table.Th ta="right">Members</Table.Th>
            <Table.Th>Actions</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {team.roles
            .toSorted((a, b) => b.level - a.level)
            .map((role) => (
              <Table.Tr key={role.id}>
                <Table.Td>
                  <Inert text={role.name} charsMax={60} />
                </Table.Td>
                <Table.Td>{role.id}</Table.Td>
                <Table.Td ta="right">{count(role.level)}</Table.Td>
                <Table.Td>{levelWords(role.level)}</Table.Td>
                <Table.Td ta="right">{count(team.members.filter((member) => member.role === role.id).length)}</Table.Td>
                <Table.Td>
                  {role.isBuiltIn ? (
                    "built in"
                  ) : (
                    <ActButton
                      label="Remove"
                      scope="team:write"
                      stale={["team", "audit"]}
                      operation={{ id: "roles.remove", args: [role.id], isRemoval: true }}
                      run={() => ask("DELETE", `/roles/${part(role.id)}`, { query: seenOf(team) })}
                      done="The role is gone."
                      question={{
                        title: "Remove this role?",
                        yes: "Remove",
                        words: "Nobody may have it. Rules of the policy that name it match nobody any more."
                      }}
                    />
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
    <Panel title="A role of your own">
      <NewRole team={team} />
    </Panel>
  </Stack>
)

const NewRole = ({ team }: TabProps) => {
  const form = useForm({
    initialValues: { id: "", name: "", level: 30 as string | number },
    validate: {
      id: (text) =>
        /^[a-z0-9._-]{1,64}$/.test(text) ? null : "1 to 64 small letters, digits, dots, dashes or underscores.",
      name: (text) => (text.trim() === "" ? "What people call it." : null)
    }
  })
  const { id, level, name } = form.values
  const body = { name, level: Number(level) }
  const { isPending, mutate } = useAct({
    run: () => ask("PUT", `/roles/${part(id)}`, { body: { ...body, ...seenOf(team) } }),
    stale: ["team", "audit"],
    done: "The role is there. The policy says what it may.",
    onDone: () => form.reset()
  })
  return (
    <form onSubmit={form.onSubmit(() => mutate())}>
      <Group align="flex-end" gap="sm">
        <TextInput label="Id" placeholder="nurse" {...form.getInputProps("id")} />
        <TextInput label="Name" placeholder="Nurse" {...form.getInputProps("name")} />
        <NumberInput
          label="Level"
          description={`1 to 99; from ${managingLevel} on it manages the team`}
          min={1}
          max={99}
          allowDecimal={false}
          {...form.getInputProps("level")}
        />
        <Group gap={2}>
          <Allowed scope="team:write">
            {(may) => (
              <Button type="submit" loading={isPending} disabled={!may}>
                Make or change the role
              </Button>
            )}
          </Allowed>
          <CopyCommand operation={{ id: "roles.put", args: [id], set: body }} />
        </Group>
      </Group>
    </form>
  )
}
