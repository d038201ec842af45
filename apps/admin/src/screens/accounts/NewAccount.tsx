/** A new account: its person chooses the password by a link. */
import { Button, Group, Select, TextInput } from "@mantine/core"
import { useForm } from "@mantine/form"
import { useQuery } from "@tanstack/react-query"
import { ask } from "../../api/ask.ts"
import type { Account } from "../../api/people.ts"
import { teamQuery } from "../../api/team.ts"
import { Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { plainUpTo } from "../../elements/plainText.ts"
import { useIsTeam } from "../../session/who.ts"
import type { Link } from "./LinkShown.tsx"
import { roles } from "./roleWords.ts"

interface Made {
  readonly account: Account
  readonly link: string
  readonly untilMs: number
}

export const useMembers = () => {
  const isTeam = useIsTeam()
  const { data } = useQuery({ ...teamQuery, enabled: isTeam })
  return (data?.members ?? []).map(({ id, name }) => ({ value: id, label: `${plainUpTo(name, 60)} (${id})` }))
}

export const NewAccount = ({ onLink }: { readonly onLink: (link: Link) => void }) => {
  const isTeam = useIsTeam()
  const members = useMembers()
  const form = useForm({
    initialValues: { name: "", role: "viewer", member: null as string | null },
    validate: { name: (text) => (text.trim() === "" ? "How the person signs in." : null) }
  })
  const { member, name, role } = form.values
  const body = { name, role, ...(member === null ? {} : { member }) }
  const { isPending, mutate } = useAct({
    run: () => ask<Made>("POST", "/accounts", { body }),
    stale: ["people"],
    onDone: ({ account, link, untilMs }) => {
      onLink({ name: account.name, link, untilMs })
      form.reset()
    }
  })
  return (
    <form onSubmit={form.onSubmit(() => mutate())}>
      <Group align="flex-end" gap="sm">
        <TextInput label="Name" autoComplete="off" {...form.getInputProps("name")} />
        <Select label="Role at the hub" data={roles} allowDeselect={false} {...form.getInputProps("role")} />
        {isTeam ? (
          <Select
            label="Acts as the member"
            description="Without one it sees no records"
            placeholder="nobody"
            clearable
            searchable
            data={members}
            {...form.getInputProps("member")}
          />
        ) : null}
        <Group gap={2}>
          <Allowed scope="accounts:write">
            {(may) => (
              <Button type="submit" loading={isPending} disabled={!may}>
                Make the account
              </Button>
            )}
          </Allowed>
          <CopyCommand operation={{ id: "accounts.make", set: body }} />
        </Group>
      </Group>
    </form>
  )
}
