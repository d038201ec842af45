/** All devices of the team: whose each is, paused or not; and a way to give a member a device by its id. */
import { Button, Group, NumberInput, Select, Stack, TextInput } from "@mantine/core"
import { useForm } from "@mantine/form"
import { useMemo } from "react"
import { ask } from "../../api/ask.ts"
import { type Device, seenOf } from "../../api/team.ts"
import { ActButton, Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { shortened } from "../../elements/amounts.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { DataTable } from "../../elements/DataTable.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { AnchorLink } from "../../elements/links.tsx"
import { Empty } from "../../elements/Loaded.tsx"
import { Meanwhile } from "../../elements/Meanwhile.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { useEdited } from "../../elements/useEdited.ts"
import { limitWords, membersOf } from "./choices.ts"
import { DeviceActs } from "./DeviceActs.tsx"
import type { TabProps } from "./teamProps.ts"

const keyOf = ({ peer }: Device): string => peer

const columns: ReadonlyArray<Column<Device>> = [
  {
    id: "name",
    header: "Name",
    grow: 2,
    minPx: 150,
    sortBy: ({ name }) => name,
    cell: ({ name, peer }) => (
      <AnchorLink to="/peers/$peer" params={{ peer }} size="sm">
        <Inert text={name} charsMax={60} />
      </AnchorLink>
    )
  },
  {
    id: "member",
    header: "Member",
    minPx: 120,
    sortBy: ({ member }) => member,
    cell: ({ member }) => (
      <AnchorLink to="/team/$member" params={{ member }} size="sm">
        {member}
      </AnchorLink>
    )
  },
  { id: "peer", header: "Id", minPx: 140, cell: ({ peer }) => <span title={peer}>{shortened(peer)}</span> },
  {
    id: "state",
    header: "May sync",
    minPx: 100,
    sortBy: ({ isPaused }) => Number(isPaused),
    cell: ({ isPaused }) => <StateBadge tone={isPaused ? "quiet" : "good"} word={isPaused ? "paused" : "yes"} />
  },
  { id: "acts", header: "Actions", grow: 2, minPx: 260, cell: (device) => <DeviceActs device={device} /> }
]

export const DevicesTab = ({ team }: TabProps) => (
  <Stack>
    {team.devices.length === 0 ? (
      <Empty title="No device">Pairing lets one in, and so does its id below.</Empty>
    ) : (
      <DataTable label="Devices" rows={team.devices} columns={columns} keyOf={keyOf} />
    )}
    <Panel title="A device by its id">
      <NewDevice team={team} />
    </Panel>
    <Panel title="Devices of each member">
      <Limit team={team} />
    </Panel>
  </Stack>
)

const NewDevice = ({ team }: TabProps) => {
  const members = useMemo(() => membersOf(team), [team])
  const form = useForm({
    initialValues: { member: null as string | null, peer: "", name: "" },
    validate: {
      member: (id) => (id === null ? "Whose it is." : null),
      peer: (text) => (text.trim() === "" ? "The device shows it: syncline status." : null),
      name: (text) => (text.trim() === "" ? "What people call it." : null)
    }
  })
  const body = { member: form.values.member ?? "", peer: form.values.peer.trim(), name: form.values.name }
  const { isPending, mutate } = useAct({
    run: () => ask("POST", "/devices", { body: { ...body, ...seenOf(team) } }),
    stale: ["team", "peers", "audit"],
    done: "The device may sync.",
    onDone: () => form.reset()
  })
  return (
    <form onSubmit={form.onSubmit(() => mutate())}>
      <Group align="flex-end" gap="sm">
        <Select label="Member" searchable data={members} {...form.getInputProps("member")} />
        <TextInput label="Device id" placeholder="12D3KooW…" w={260} maw="100%" {...form.getInputProps("peer")} />
        <TextInput label="Name" placeholder="Laptop" {...form.getInputProps("name")} />
        <Group gap={2}>
          <Allowed scope="team:write">
            {(may) => (
              <Button type="submit" loading={isPending} disabled={!may}>
                Add the device
              </Button>
            )}
          </Allowed>
          <CopyCommand operation={{ id: "devices.add", set: body }} />
        </Group>
      </Group>
    </form>
  )
}

const Limit = ({ team }: TabProps) => {
  const edited = useEdited<string | number, ReturnType<typeof seenOf>>(team.deviceLimit ?? "", seenOf(team))
  const limit = edited.value
  const body = { limit: limit === "" ? null : Number(limit) }
  return (
    <Stack gap="sm">
      <Meanwhile edited={edited} now={limitWords(team.deviceLimit)} />
      <Group align="flex-end">
        <NumberInput
          label="At most"
          description="Empty for any number; members may have their own"
          min={0}
          allowDecimal={false}
          value={limit}
          onChange={edited.edit}
        />
        <ActButton
          label="Change"
          size="sm"
          scope="team:write"
          stale={["team", "audit"]}
          isDisabled={body.limit === team.deviceLimit}
          operation={{ id: "devices.limit", set: body }}
          run={() => ask("PUT", "/device-limit", { body: { ...body, ...edited.seen } })}
          onDone={edited.takeTheirs}
          done="It holds for devices that come from now on."
        />
      </Group>
    </Stack>
  )
}
