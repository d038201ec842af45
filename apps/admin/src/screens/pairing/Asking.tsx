/** Devices that know the code and ask to come in: who they say they are, the number to compare, yes or no, and what became of it. */
import { Group, Select, Stack, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { useState } from "react"
import { ask, part } from "../../api/ask.ts"
import { joinQuery, type PairingJoin } from "../../api/pairing.ts"
import { teamQuery } from "../../api/team.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { plainUpTo } from "../../elements/plainText.ts"
import { StateBadge, type Tone } from "../../elements/StateBadge.tsx"
import { useIsTeam } from "../../session/who.ts"

interface Props {
  readonly pending: ReadonlyArray<PairingJoin>
  /** Ids of those that were answered while this is shown. */
  readonly watched: ReadonlyArray<string>
  readonly onSeen: (id: string) => void
}

export const Asking = ({ onSeen, pending, watched }: Props) => {
  const open = pending.filter(({ id }) => !watched.includes(id))
  return (
    <Stack>
      {open.map((join) => (
        <One key={join.id} join={join} onAnswered={() => onSeen(join.id)} />
      ))}
      {watched.map((id) => (
        <Answered key={id} id={id} />
      ))}
    </Stack>
  )
}

const One = ({ join, onAnswered }: { readonly join: PairingJoin; readonly onAnswered: () => void }) => {
  const isTeam = useIsTeam()
  const team = useQuery({ ...teamQuery, enabled: isTeam }).data
  const [role, setRole] = useState<string | null>(null)
  const { askedMs, checkNumber, id, name, peer, platform } = join
  const path = `/pairing/requests/${part(id)}`
  const act = { scope: "team:write", stale: ["joining", "team", "peers", "audit"], onDone: onAnswered } as const
  const body = role === null ? {} : { role }
  return (
    <Stack gap="sm" p="sm" className="asking" data-asking={id}>
      <Text>
        <Inert text={name} charsMax={64} /> asks to come in. Its screen must show this number, or somebody stands
        between:
      </Text>
      <Text fw={700} ff="monospace" fz={32} aria-label={`Check number ${checkNumber.split("").join(" ")}`}>
        {checkNumber}
      </Text>
      <Facts
        facts={[
          ["Says it is", <Inert key="platform" text={platform} />],
          ["Device id", <Inert key="peer" text={peer} />],
          ["Asked", <Ago key="asked" atMs={askedMs} />]
        ]}
      />
      <Group align="flex-end">
        {isTeam && join.role !== null ? (
          <Select
            label="Role"
            placeholder={join.role}
            clearable
            data={(team?.roles ?? []).map((each) => ({ value: each.id, label: plainUpTo(each.name, 60) }))}
            value={role}
            onChange={setRole}
          />
        ) : null}
        <ActButton
          {...act}
          label="The numbers are alike: let it in"
          variant="filled"
          operation={{ id: "pairing.accept", args: [id], set: body }}
          run={() => ask("POST", `${path}/accept`, { body })}
        />
        <ActButton
          {...act}
          label="Turn it away"
          operation={{ id: "pairing.decline", args: [id] }}
          run={() => ask("POST", `${path}/decline`)}
        />
      </Group>
    </Stack>
  )
}

const outcomes: { readonly [O in PairingJoin["outcome"]]: readonly [tone: Tone, words: string] } = {
  waiting: ["busy", "The two agree on keys."],
  granted: ["busy", "Its rights are written down; it is being told."],
  paired: ["good", "It is in, and may sync."],
  unkept: ["bad", "It was let in, and what it may do could not be written down. Let it pair again."],
  failed: ["bad", "It did not come to an agreement. Let it pair again with a new code."]
}

const Answered = ({ id }: { readonly id: string }) => {
  const { data } = useQuery(joinQuery(id))
  if (data === undefined) return null
  const [tone, words] =
    data.answer === "declined" ? (["quiet", "It was turned away."] as const) : outcomes[data.outcome]
  return (
    <Group gap="xs" role="status">
      <StateBadge tone={tone} word={data.answer === "declined" ? "turned away" : data.outcome} />
      <Text size="sm">
        <Inert text={data.name} charsMax={64} />: {words}{" "}
        <Link to="/peers/$peer" params={{ peer: data.peer }}>
          Look at it
        </Link>
      </Text>
    </Group>
  )
}
