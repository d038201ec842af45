/** Makes a code, for a new member with a role or for a member's further device. */
import { Button, Group, Select } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { ask } from "../../api/ask.ts"
import type { PairingCode } from "../../api/pairing.ts"
import { teamQuery } from "../../api/team.ts"
import { Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { plainUpTo } from "../../elements/plainText.ts"
import { useIsTeam } from "../../session/who.ts"

interface Props {
  readonly onMade: (code: PairingCode) => void
  readonly isReplacing: boolean
}

export const NewCode = ({ isReplacing, onMade }: Props) => {
  const isTeam = useIsTeam()
  const team = useQuery({ ...teamQuery, enabled: isTeam }).data
  const [role, setRole] = useState<string | null>(null)
  const [member, setMember] = useState<string | null>(null)
  const body = { ...(role === null ? {} : { role }), ...(member === null ? {} : { member }) }
  const { isPending, mutate } = useAct({
    run: () => ask<PairingCode>("POST", "/pairing/codes", { body }),
    stale: ["joining"],
    onDone: onMade
  })
  return (
    <Group align="flex-end" gap="sm">
      {isTeam ? (
        <>
          <Select
            label="Role of the new member"
            placeholder="member"
            clearable
            disabled={member !== null}
            data={(team?.roles ?? []).map(({ id, name }) => ({ value: id, label: plainUpTo(name, 60) }))}
            value={role}
            onChange={setRole}
          />
          <Select
            label="Or a further device of"
            placeholder="a new member"
            clearable
            searchable
            data={(team?.members ?? []).map(({ id, name }) => ({ value: id, label: plainUpTo(name, 60) }))}
            value={member}
            onChange={setMember}
          />
        </>
      ) : null}
      <Group gap={2}>
        <Allowed scope="team:write">
          {(may) => (
            <Button onClick={() => mutate()} loading={isPending} disabled={!may}>
              {isReplacing ? "Make a new code" : "Make a code"}
            </Button>
          )}
        </Allowed>
        <CopyCommand operation={{ id: "pairing.make", set: body }} />
      </Group>
    </Group>
  )
}
