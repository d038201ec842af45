/** One account: what it may, how it signs in, where it is signed in; and what an owner does about it. */
import { Group, Select, Stack, Text, TextInput, Title } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { ask, part } from "../../api/ask.ts"
import { type Account, passkeysQuery, sessionsQuery, tokensQuery, waysQuery } from "../../api/people.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { countOf } from "../../elements/amounts.ts"
import { Facts } from "../../elements/Facts.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Loaded } from "../../elements/Loaded.tsx"
import { useIsTeam } from "../../session/who.ts"
import { TokenList } from "../tokens/TokenList.tsx"
import { SessionList } from "../you/SessionList.tsx"
import type { Link } from "./LinkShown.tsx"
import { useMembers } from "./NewAccount.tsx"
import { roles } from "./roleWords.ts"

interface Props {
  readonly account: Account
  readonly onLink: (link: Link) => void
  readonly onGone: () => void
}

const act = { scope: "accounts:write", stale: ["people", "session"] } as const

export const AccountPanel = ({ account, onGone, onLink }: Props) => (
  <Stack>
    <Facts
      facts={[
        ["Role", account.role],
        ["Acts as", account.member ?? "no member"],
        ["Signs in by", account.signsInBy.length === 0 ? "nothing yet" : account.signsInBy.join(", ")],
        ["Link good until", <Ago key="link" atMs={account.linkUntilMs} never="it has none" />],
        ["Made", <Ago key="made" atMs={account.madeMs} />]
      ]}
    />
    <Change key={account.id} account={account} />
    <Acts account={account} onGone={onGone} onLink={onLink} />
    <Oidc account={account} />
    <Title order={3} size="h5">
      Signed in
    </Title>
    <Loaded
      query={useQuery(sessionsQuery(account.id))}
      isEmpty={(list) => list.length === 0}
      empty={<Text c="dimmed">Nowhere.</Text>}
    >
      {(list) => <SessionList sessions={list} isOwn={false} />}
    </Loaded>
    <Title order={3} size="h5">
      Tokens
    </Title>
    <Loaded
      query={useQuery(tokensQuery(account.id))}
      isEmpty={(list) => list.length === 0}
      empty={<Text c="dimmed">None.</Text>}
    >
      {(list) => <TokenList tokens={list} isOwn={false} />}
    </Loaded>
    <Title order={3} size="h5">
      Passkeys
    </Title>
    <Loaded
      query={useQuery(passkeysQuery(account.id))}
      isEmpty={(list) => list.length === 0}
      empty={<Text c="dimmed">None.</Text>}
    >
      {(list) => (
        <Text size="sm" component="div">
          {countOf(list.length, "passkey")}:{" "}
          {list.map(({ id, name }) => (
            <div key={id}>
              <Inert text={name} />
            </div>
          ))}
        </Text>
      )}
    </Loaded>
  </Stack>
)

const Change = ({ account: { id, member, role } }: { readonly account: Account }) => {
  const isTeam = useIsTeam()
  const members = useMembers()
  const [to, setTo] = useState({ role: role as string, member })
  const body = {
    ...(to.role === role ? {} : { role: to.role }),
    ...(to.member === member ? {} : { member: to.member })
  }
  return (
    <Group align="flex-end">
      <Select
        label="Role"
        data={roles}
        allowDeselect={false}
        value={to.role}
        onChange={(value) => setTo({ ...to, role: value ?? role })}
      />
      {isTeam ? (
        <Select
          label="Acts as"
          placeholder="nobody"
          clearable
          searchable
          data={members}
          value={to.member}
          onChange={(value) => setTo({ ...to, member: value })}
        />
      ) : null}
      <ActButton
        {...act}
        size="sm"
        label="Change"
        isDisabled={Object.keys(body).length === 0}
        operation={{ id: "accounts.change", args: [id], set: body }}
        run={() => ask("PATCH", `/accounts/${part(id)}`, { body })}
        done="It is so from now on, and all its sessions have ended."
      />
    </Group>
  )
}

const Acts = ({ account: { id, isDisabled, name }, onGone, onLink }: Props) => {
  const path = `/accounts/${part(id)}`
  const disabling = { isDisabled: !isDisabled }
  return (
    <Group>
      <ActButton
        {...act}
        label="New one-time link"
        operation={{ id: "accounts.link", args: [id] }}
        run={() => ask<{ readonly link: string; readonly untilMs: number }>("POST", `${path}/link`)}
        onDone={(link) => onLink({ name, ...link })}
      />
      <ActButton
        {...act}
        label={isDisabled ? "Let it sign in again" : "Let it sign in no more"}
        operation={{ id: "accounts.change", args: [id], set: disabling }}
        run={() => ask("PATCH", path, { body: disabling })}
        done={isDisabled ? "It may sign in." : "It is signed out, and may not come back."}
      />
      <ActButton
        {...act}
        label="Sign out everywhere"
        operation={{ id: "accounts.endSessions", args: [id], isRemoval: true }}
        run={() => ask("DELETE", `${path}/sessions`)}
        done="All its sessions have ended."
      />
      <ActButton
        {...act}
        label="Remove"
        color="red"
        operation={{ id: "accounts.remove", args: [id], isRemoval: true }}
        run={() => ask("DELETE", path)}
        done="The account is gone."
        onDone={onGone}
        question={{
          title: `Remove the account ${name}?`,
          yes: "Remove",
          typed: name,
          words:
            "Its password, passkeys, sessions and tokens are gone for good. The member of the team stays as it is, and so does what it wrote."
        }}
      />
    </Group>
  )
}

const Oidc = ({ account: { id, signsInBy } }: { readonly account: Account }) => {
  const { data: ways } = useQuery(waysQuery)
  const [subject, setSubject] = useState("")
  if (ways?.oidc !== true) return null
  const path = `/accounts/${part(id)}/oidc`
  if (signsInBy.includes("oidc")) {
    return (
      <ActButton
        {...act}
        label="End signing in by the organisation"
        operation={{ id: "accounts.unlinkOidc", args: [id], isRemoval: true }}
        run={() => ask("DELETE", path)}
        done="It signs in by the organisation no more."
      />
    )
  }
  return (
    <Group align="flex-end">
      <TextInput
        label="Its subject at the organisation"
        description="What the provider calls it: sub"
        value={subject}
        onChange={({ currentTarget }) => setSubject(currentTarget.value)}
      />
      <ActButton
        {...act}
        size="sm"
        label="Link"
        isDisabled={subject === ""}
        operation={{ id: "accounts.linkOidc", args: [id], set: { subject } }}
        run={() => ask("POST", path, { body: { subject } })}
        done="It may sign in by the organisation."
      />
    </Group>
  )
}
