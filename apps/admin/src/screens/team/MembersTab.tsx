/** Members with their roles, teams and devices; and a way to add one by hand. */
import { Button, Group, MultiSelect, Select, Stack, TextInput } from "@mantine/core"
import { useForm } from "@mantine/form"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useMemo } from "react"
import { ask } from "../../api/ask.ts"
import { type Member, seenOf, type Team } from "../../api/team.ts"
import { Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { count } from "../../elements/amounts.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { DataTable } from "../../elements/DataTable.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { AnchorLink } from "../../elements/links.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { useFollowed } from "../../elements/useFollowed.ts"
import { rolesOf, teamsOf } from "./choices.ts"
import type { TabProps } from "./teamProps.ts"

const keyOf = ({ id }: Member): string => id

export const MembersTab = ({ team }: TabProps) => {
  const { text: said = "" } = useSearch({ strict: false }) as { readonly text?: string }
  const navigate = useNavigate()
  const [text, type] = useFollowed(
    said,
    (next) => void navigate({ to: "/team", search: (was) => ({ ...was, text: next }), replace: true })
  )
  const columns = useMemo(() => columnsOf(team), [team])
  const wanted = text.toLowerCase()
  const shown = useMemo(
    () => team.members.filter(({ id, name, role }) => `${id} ${name} ${role}`.toLowerCase().includes(wanted)),
    [team, wanted]
  )
  return (
    <Stack>
      <TextInput
        label="Find"
        placeholder="Name, id or role"
        maw={300}
        value={text}
        onChange={({ currentTarget }) => type(currentTarget.value)}
      />
      <DataTable
        label="Members"
        rows={shown}
        columns={columns}
        keyOf={keyOf}
        onOpen={({ id }) => void navigate({ to: "/team/$member", params: { member: id } })}
      />
      <Panel title="A new member">
        <NewMember team={team} />
      </Panel>
    </Stack>
  )
}

const columnsOf = ({ devices, roles }: Team): ReadonlyArray<Column<Member>> => {
  const names = new Map(roles.map(({ id, name }) => [id, name]))
  const counts = Map.groupBy(devices, ({ member }) => member)
  return [
    {
      id: "name",
      header: "Name",
      grow: 2,
      minPx: 160,
      sortBy: ({ name }) => name,
      cell: ({ id, name }) => (
        <AnchorLink to="/team/$member" params={{ member: id }} size="sm">
          <Inert text={name} charsMax={60} />
        </AnchorLink>
      )
    },
    { id: "id", header: "Id", minPx: 110, sortBy: ({ id }) => id, cell: ({ id }) => id },
    {
      id: "role",
      header: "Role",
      minPx: 120,
      sortBy: ({ role }) => role,
      cell: ({ role }) => <Inert text={names.get(role) ?? role} charsMax={40} />
    },
    { id: "teams", header: "Teams", minPx: 130, cell: ({ teams }) => (teams.length === 0 ? "none" : teams.join(", ")) },
    {
      id: "devices",
      header: "Devices",
      align: "right",
      minPx: 90,
      sortBy: ({ id }) => counts.get(id)?.length ?? 0,
      cell: ({ id }) => count(counts.get(id)?.length ?? 0)
    }
  ]
}

const NewMember = ({ team }: TabProps) => {
  const form = useForm({
    initialValues: { name: "", role: "member", teams: [] as Array<string>, peer: "", deviceName: "" },
    validate: { name: (text) => (text.trim() === "" ? "Who it is." : null) }
  })
  const { deviceName, name, peer, role, teams } = form.values
  const device = peer.trim() === "" ? {} : { device: { peer: peer.trim(), name: deviceName || name } }
  const body = { name, role, teams, ...device }
  const { isPending, mutate } = useAct({
    run: () => ask<Member>("POST", "/members", { body: { ...body, ...seenOf(team) } }),
    stale: ["team", "audit", "peers"],
    done: ({ id }) => `${id} is in the team.`,
    onDone: () => form.reset()
  })
  return (
    <form onSubmit={form.onSubmit(() => mutate())}>
      <Group align="flex-end" gap="sm">
        <TextInput label="Name" autoComplete="off" {...form.getInputProps("name")} />
        <Select label="Role" data={rolesOf(team)} allowDeselect={false} {...form.getInputProps("role")} />
        <MultiSelect
          label="Teams"
          data={teamsOf(team)}
          placeholder={teams.length === 0 ? "none" : ""}
          {...form.getInputProps("teams")}
        />
        <TextInput label="First device's id" placeholder="12D3KooW…, or later" {...form.getInputProps("peer")} />
        <TextInput label="Its name" placeholder="Laptop" {...form.getInputProps("deviceName")} />
        <Group gap={2}>
          <Allowed scope="team:write">
            {(may) => (
              <Button type="submit" loading={isPending} disabled={!may}>
                Add the member
              </Button>
            )}
          </Allowed>
          <CopyCommand operation={{ id: "members.add", set: body }} />
        </Group>
      </Group>
    </form>
  )
}
