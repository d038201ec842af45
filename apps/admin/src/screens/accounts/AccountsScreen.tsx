/** Who signs in at this hub: accounts with their roles, and each with its sessions, tokens and passkeys. */
import { Drawer, UnstyledButton } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useMemo, useState } from "react"
import { type Account, accountsQuery } from "../../api/people.ts"
import { Ago } from "../../elements/Clock.tsx"
import { DataTable } from "../../elements/DataTable.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { useWho } from "../../session/who.ts"
import { AccountPanel } from "./AccountPanel.tsx"
import { LinkShown, type Link } from "./LinkShown.tsx"
import { NewAccount } from "./NewAccount.tsx"

const keyOf = ({ id }: Account): string => id

const standingOf = ({ isDisabled, linkUntilMs, signsInBy }: Account) => {
  if (isDisabled) return <StateBadge tone="quiet" word="may not sign in" />
  if (signsInBy.length > 0) return <StateBadge tone="good" word={signsInBy.join(", ")} />
  return linkUntilMs === null ? (
    <StateBadge tone="bad" word="no way to sign in" />
  ) : (
    <StateBadge tone="warning" word="waits for its link" />
  )
}

export const AccountsScreen = () => {
  const { account: own } = useWho()
  const { account } = useSearch({ strict: false }) as { readonly account?: string }
  const navigate = useNavigate()
  const [link, setLink] = useState<Link>()
  const open = (id: string | undefined): void =>
    void navigate({ to: "/accounts", search: (was) => ({ ...was, account: id }) })
  const columns = useMemo((): ReadonlyArray<Column<Account>> => {
    const show = (id: string): void => void navigate({ to: "/accounts", search: (was) => ({ ...was, account: id }) })
    return [
      {
        id: "name",
        header: "Name",
        grow: 2,
        minPx: 160,
        sortBy: ({ name }) => name,
        cell: ({ id, name }) => (
          <UnstyledButton fz="sm" td="underline" onClick={() => show(id)}>
            {name}
            {id === own?.id ? " (you)" : ""}
          </UnstyledButton>
        )
      },
      { id: "role", header: "Role", sortBy: ({ role }) => role, cell: ({ role }) => role },
      {
        id: "member",
        header: "Acts as",
        minPx: 120,
        sortBy: ({ member }) => member ?? "",
        cell: ({ member }) => member ?? "no member"
      },
      { id: "standing", header: "Signs in by", minPx: 150, cell: standingOf },
      {
        id: "made",
        header: "Made",
        minPx: 120,
        sortBy: ({ madeMs }) => madeMs,
        cell: ({ madeMs }) => <Ago atMs={madeMs} />
      }
    ]
  }, [navigate, own?.id])
  const query = useQuery(accountsQuery)
  const shown = query.data?.find(({ id }) => id === account)
  return (
    <Page
      title="Admins and sessions"
      description="Accounts sign in here and at the command line. What one may do with records is its member's to say."
    >
      {link === undefined ? null : <LinkShown link={link} onDone={() => setLink(undefined)} />}
      <Loaded query={query} isEmpty={(list) => list.length === 0} empty={<Empty title="No account" />}>
        {(list) => (
          <DataTable label="Accounts" rows={list} columns={columns} keyOf={keyOf} onOpen={({ id }) => open(id)} />
        )}
      </Loaded>
      <Panel title="A new account">
        <NewAccount onLink={setLink} />
      </Panel>
      <Drawer
        opened={shown !== undefined}
        onClose={() => open(undefined)}
        title={shown?.name}
        position="right"
        size="lg"
      >
        {shown === undefined ? null : <AccountPanel account={shown} onLink={setLink} onGone={() => open(undefined)} />}
      </Drawer>
    </Page>
  )
}
