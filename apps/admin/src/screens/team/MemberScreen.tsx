/** One member: role, teams, devices, what may be asked of the policy about it, and its end. */
import { Button, Group, MultiSelect, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useParams } from "@tanstack/react-router"
import { ask, part } from "../../api/ask.ts"
import { type Member, seenOf, type Team, teamQuery } from "../../api/team.ts"
import { ActButton, Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { ButtonLink } from "../../elements/links.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Meanwhile } from "../../elements/Meanwhile.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { plainUpTo } from "../../elements/plainText.ts"
import { useEdited } from "../../elements/useEdited.ts"
import { limitWords, rolesOf, teamsOf } from "./choices.ts"
import { DeviceActs } from "./DeviceActs.tsx"

interface Props {
  readonly team: Team
  readonly member: Member
}

export const MemberScreen = () => {
  const { member: id } = useParams({ strict: false }) as { readonly member: string }
  const query = useQuery(teamQuery)
  if (query.data === undefined) {
    return (
      <Page title={id}>
        <Loaded query={query}>{() => null}</Loaded>
      </Page>
    )
  }
  return (
    <Loaded query={query}>
      {(team) => {
        const member = team.members.find((each) => each.id === id)
        if (member !== undefined) return <Found team={team} member={member} />
        return (
          <Page title={id}>
            <Empty title="No such member" action={<ButtonLink to="/team">To the team</ButtonLink>}>
              {team.removedMembers.includes(id)
                ? "There was one, and nobody gets its id again."
                : "There never was one."}
            </Empty>
          </Page>
        )
      }}
    </Loaded>
  )
}

const Found = ({ member, team }: Props) => {
  const devices = team.devices.filter(({ member: owner }) => owner === member.id)
  return (
    <Page
      title={plainUpTo(member.name, 60)}
      description={`The member ${member.id}.`}
      actions={
        <>
          <ButtonLink to="/policy" search={{ tab: "preview", asker: member.id }} size="xs" variant="default">
            What it may do, and why
          </ButtonLink>
          <Remove member={member} />
        </>
      }
    >
      <Panel title="Role and teams">
        <Change member={member} team={team} />
      </Panel>
      <Panel title="Devices">
        {devices.length === 0 ? (
          <Empty title="No device">
            It may do nothing until it has one: by a code under Pairing, or by its id under Team.
          </Empty>
        ) : (
          <ul className="routes">
            {devices.map((device) => (
              <li key={device.peer}>
                <Group justify="space-between">
                  <Link to="/peers/$peer" params={{ peer: device.peer }}>
                    <Inert text={device.name} charsMax={60} />
                  </Link>
                  <DeviceActs device={device} />
                </Group>
              </li>
            ))}
          </ul>
        )}
        <OwnLimit member={member} team={team} />
      </Panel>
    </Page>
  )
}

const wordsOf = ({ name, role, teams }: Pick<Member, "name" | "role" | "teams">): string =>
  `${plainUpTo(name, 60)}, of the role ${role}, ${teams.length === 0 ? "in no team" : `in ${teams.join(", ")}`}`

const Change = ({ member, team }: Props) => {
  const { id, name, role, teams } = member
  const edited = useEdited({ name, role, teams: [...teams], note: "" }, seenOf(team))
  const to = edited.value
  const type = (more: Partial<typeof to>): void => edited.edit({ ...to, ...more })
  const isNamed = to.name.trim() !== ""
  const body = {
    ...(to.name === name ? {} : { name: to.name }),
    ...(to.role === role ? {} : { role: to.role }),
    ...(to.teams.toSorted().join(" ") === teams.toSorted().join(" ") ? {} : { teams: to.teams })
  }
  const noted = to.note === "" ? body : { ...body, note: to.note }
  const { isPending, mutate } = useAct({
    run: () => ask("PATCH", `/members/${part(id)}`, { body: { ...noted, ...edited.seen } }),
    stale: ["team", "peers", "audit", "policy"],
    done: "It is so from now on, on every device that hears of it.",
    onDone: edited.takeTheirs
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        mutate()
      }}
    >
      <Stack gap="sm">
        <Meanwhile edited={edited} now={wordsOf(member)} />
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Name"
            value={to.name}
            error={isNamed ? undefined : "Who it is."}
            onChange={({ currentTarget }) => type({ name: currentTarget.value })}
          />
          <Select
            label="Role"
            data={rolesOf(team)}
            allowDeselect={false}
            value={to.role}
            onChange={(chosen) => type({ role: chosen ?? to.role })}
          />
          <MultiSelect
            label="Teams"
            data={teamsOf(team)}
            value={to.teams}
            onChange={(chosen) => type({ teams: chosen })}
          />
          <TextInput
            label="Why"
            description="Stands in the charter, for good"
            maxLength={512}
            value={to.note}
            onChange={({ currentTarget }) => type({ note: currentTarget.value })}
          />
          <Group gap={2}>
            <Allowed scope="team:write">
              {(may) => (
                <Button type="submit" loading={isPending} disabled={!may || !isNamed || Object.keys(body).length === 0}>
                  Change
                </Button>
              )}
            </Allowed>
            <CopyCommand operation={{ id: "members.change", args: [id], set: noted }} />
          </Group>
        </Group>
      </Stack>
    </form>
  )
}

const Remove = ({ member: { id, name } }: { readonly member: Member }) => {
  const navigate = useNavigate()
  return (
    <ActButton
      label="Remove"
      color="red"
      variant="filled"
      scope="team:write"
      stale={["team", "peers", "audit"]}
      operation={{ id: "members.remove", args: [id], isRemoval: true }}
      run={() => ask("DELETE", `/members/${part(id)}`)}
      done="The member's rights are over, and those of its devices."
      onDone={() => void navigate({ to: "/team", search: {} })}
      question={{
        title: `Remove ${plainUpTo(name, 60)}?`,
        yes: "Remove",
        typed: id,
        words: (
          <Stack gap="xs">
            <Text size="sm">
              The rights of the member and all its devices end, for good; nobody gets the id {id} again. What it wrote
              stays.
            </Text>
            <Text size="sm">
              What its devices already have stays on them, unless they are there to hear of this and keep to the rules.
            </Text>
          </Stack>
        )
      }}
    />
  )
}

const OwnLimit = ({ member: { id }, team }: Props) => {
  const own = team.deviceLimits[id]
  const edited = useEdited<string | number, ReturnType<typeof seenOf>>(own ?? "", seenOf(team))
  const limit = edited.value
  const act = { scope: "team:write", stale: ["team", "audit"], onDone: edited.takeTheirs } as const
  const path = `/members/${part(id)}/device-limit`
  const [body, none] = [
    { limit: limit === "" ? null : Number(limit), isOwn: true },
    { limit: null, isOwn: false }
  ]
  return (
    <Stack gap="sm">
      <Meanwhile edited={edited} now={own === undefined ? "as every member's" : limitWords(own)} />
      <Group align="flex-end">
        <NumberInput
          label="Devices that it may have"
          description={
            own === undefined ? `As every member: ${limitWords(team.deviceLimit)}` : "Its own; empty for any number"
          }
          min={0}
          allowDecimal={false}
          value={limit}
          onChange={edited.edit}
        />
        <ActButton
          {...act}
          label="Set its own"
          size="sm"
          operation={{ id: "members.limit", args: [id], set: body }}
          run={() => ask("PUT", path, { body: { ...body, ...edited.seen } })}
          done="It holds for devices that come from now on."
        />
        {own === undefined ? null : (
          <ActButton
            {...act}
            label="As every member"
            size="sm"
            operation={{ id: "members.limit", args: [id], set: none }}
            run={() => ask("PUT", path, { body: { ...none, ...edited.seen } })}
            done="It has the team's limit again."
          />
        )}
      </Group>
    </Stack>
  )
}
