/** Whoever is signed in, about itself: password, passkeys, and where else one is signed in. */
import { useQuery } from "@tanstack/react-query"
import { ask } from "../../api/ask.ts"
import { sessionsQuery } from "../../api/people.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { useWho } from "../../session/who.ts"
import { OwnPasskeys } from "./OwnPasskeys.tsx"
import { PasswordForm } from "./PasswordForm.tsx"
import { SessionList } from "./SessionList.tsx"

export const YouScreen = () => {
  const { account, scopes, signedInMs } = useWho()
  const sessions = useQuery(sessionsQuery())
  const others = (sessions.data ?? []).filter(({ isCurrent }) => !isCurrent)
  const endOthers = async (): Promise<void> => {
    for (const { id } of others) await ask("DELETE", `/sessions/${id}`)
  }
  return (
    <Page title="You" description="What is yours at this hub.">
      <Panel title="Account">
        <Facts
          facts={[
            ["Name", account?.name ?? "none"],
            ["Role at the hub", account?.role ?? "none"],
            ["Acts in the space as", account?.member ?? "no member"],
            ["Rights", `${scopes.length}`],
            ["Proved who you are", <Ago key="signed" atMs={signedInMs} />]
          ]}
        />
      </Panel>
      <Panel title="Password">
        <PasswordForm name={account?.name ?? ""} />
      </Panel>
      <OwnPasskeys />
      <Panel
        title="Where you are signed in"
        actions={
          others.length === 0 ? null : (
            <ActButton
              label="Sign out everywhere else"
              stale={["people"]}
              operation={others.map(({ id }) => ({ id: "sessions.end", args: [id], isRemoval: true }))}
              run={endOthers}
              done="Only this browser is signed in."
              question={{
                title: "Sign out everywhere else?",
                words: "All your other sessions end at once.",
                yes: "Sign out"
              }}
            />
          )
        }
      >
        <Loaded query={sessions}>{(list) => <SessionList sessions={list} isOwn />}</Loaded>
      </Panel>
    </Page>
  )
}
