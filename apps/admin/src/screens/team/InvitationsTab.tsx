/** Invitations: links by which people ask to join, or come in at once; good for so long and so many. */
import { Button, Checkbox, Group, MultiSelect, NumberInput, Select, Stack } from "@mantine/core"
import { useForm } from "@mantine/form"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { ask } from "../../api/ask.ts"
import { type Invitation, invitationsQuery } from "../../api/team.ts"
import { ActButton, Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { count } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { DataTable } from "../../elements/DataTable.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { QrCode } from "../../elements/QrCode.tsx"
import { ShownOnce } from "../../elements/ShownOnce.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { rolesOf, teamsOf } from "./choices.ts"
import type { TabProps } from "./teamProps.ts"

const keyOf = ({ id }: Invitation): string => id

const columns: ReadonlyArray<Column<Invitation>> = [
  {
    id: "made",
    header: "Made",
    minPx: 120,
    sortBy: ({ madeMs }) => madeMs,
    cell: ({ madeMs }) => <Ago atMs={madeMs} />
  },
  { id: "role", header: "Role", minPx: 100, cell: ({ role }) => role },
  { id: "teams", header: "Teams", minPx: 110, cell: ({ teams }) => (teams.length === 0 ? "none" : teams.join(", ")) },
  { id: "how", header: "Comes in", minPx: 130, cell: ({ isByHand }) => (isByHand ? "after a yes" : "at once") },
  {
    id: "uses",
    header: "Used",
    align: "right",
    minPx: 90,
    cell: ({ uses, usesMax }) => `${count(uses)} of ${count(usesMax)}`
  },
  { id: "ends", header: "Ends", minPx: 120, cell: ({ expiresMs }) => <Ago atMs={expiresMs} /> },
  {
    id: "standing",
    header: "Standing",
    minPx: 100,
    cell: ({ standing }) => <StateBadge tone={standing === "good" ? "good" : "quiet"} word={standing} />
  },
  {
    id: "acts",
    header: "Actions",
    minPx: 130,
    cell: ({ id, standing }) => (
      <ActButton
        label="End it"
        scope="team:write"
        stale={["joining"]}
        isDisabled={standing !== "good"}
        operation={{ id: "invitations.revoke", set: { id } }}
        run={() => ask("POST", "/invitations/revoke", { body: { id } })}
        done="The link opens nothing any more."
      />
    )
  }
]

export const InvitationsTab = ({ team }: TabProps) => {
  const [link, setLink] = useState<string>()
  return (
    <Stack>
      {link === undefined ? null : (
        <>
          <ShownOnce title="The link" secret={link} onDone={() => setLink(undefined)}>
            Whoever has it may use it; send it on a way that you trust. At a terminal it is taken by syncline join.
          </ShownOnce>
          <QrCode text={link} label="The invitation as a QR code" />
        </>
      )}
      <Loaded
        query={useQuery(invitationsQuery)}
        isEmpty={(list) => list.length === 0}
        empty={
          <Empty title="No invitations">
            A link lets many people ask to join without you being there. For one device at hand a code is quicker: see
            Pairing.
          </Empty>
        }
      >
        {(list) => <DataTable label="Invitations" rows={list} columns={columns} keyOf={keyOf} />}
      </Loaded>
      <Panel title="Invite">
        <Invite team={team} onLink={setLink} />
      </Panel>
    </Stack>
  )
}

const hourMs = 3_600_000

const Invite = ({ onLink, team }: TabProps & { readonly onLink: (link: string) => void }) => {
  const form = useForm({
    initialValues: {
      role: "member",
      teams: [] as Array<string>,
      hours: 72 as string | number,
      uses: 1 as string | number,
      isByHand: true
    }
  })
  const { hours, isByHand, role, teams, uses } = form.values
  const body = { role, teams, validMs: Number(hours) * hourMs, uses: Number(uses), isByHand }
  const { isPending, mutate } = useAct({
    run: async () => {
      const links = await import("./invitationLink.ts")
      const drawn = links.draw()
      const { hub, invitation } = await ask<{ readonly invitation: Invitation; readonly hub: string }>(
        "POST",
        "/invitations",
        { body: { ...body, key: drawn.key } }
      )
      return links.linkOf(new URL(".", document.baseURI).href.replace(/\/$/, ""), hub, invitation.id, drawn)
    },
    stale: ["joining"],
    onDone: onLink
  })
  return (
    <form onSubmit={form.onSubmit(() => mutate())}>
      <Group align="flex-end" gap="sm">
        <Select label="Role" data={rolesOf(team)} allowDeselect={false} {...form.getInputProps("role")} />
        <MultiSelect label="Teams" data={teamsOf(team)} {...form.getInputProps("teams")} />
        <NumberInput label="Good for hours" min={1} allowDecimal={false} {...form.getInputProps("hours")} />
        <NumberInput label="Good for devices" min={1} allowDecimal={false} {...form.getInputProps("uses")} />
        <Checkbox label="Somebody says yes to each" {...form.getInputProps("isByHand", { type: "checkbox" })} />
        <Group gap={2}>
          <Allowed scope="team:write">
            {(may) => (
              <Button type="submit" loading={isPending} disabled={!may}>
                Make a link
              </Button>
            )}
          </Allowed>
          <CopyCommand operation={{ id: "invitations.make", set: body }} />
        </Group>
      </Group>
    </form>
  )
}
