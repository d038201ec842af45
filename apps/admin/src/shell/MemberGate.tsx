/** Screens of records for an account that acts as no member of the team: nothing is asked of the hub, and it is said who can help. */
import { useRouterState } from "@tanstack/react-router"
import type { ReactNode } from "react"
import { Empty, OnItsWay } from "../elements/Loaded.tsx"
import { ButtonLink } from "../elements/links.tsx"
import { Page } from "../elements/Page.tsx"
import { useActsAsMember, useMay } from "../session/who.ts"
import { sections } from "./screenList.ts"

const membersScreens = sections.flatMap(({ screens }) => screens).filter(({ isMembers }) => isMembers === true)

export const MemberGate = ({ children }: { readonly children: ReactNode }) => {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const isMember = useActsAsMember()
  const screen = membersScreens.find((each) => path === each.path || path.startsWith(`${each.path}/`))
  if (isMember === true || screen === undefined) return children
  return <Page title={screen.name}>{isMember === undefined ? <OnItsWay /> : <NoMember />}</Page>
}

/** What there is to say where records would stand. */
const NoMember = () => {
  const may = useMay("accounts:write")
  return (
    <Empty
      title="Your account acts as no member of the team"
      action={may ? <ButtonLink to="/accounts">Choose a member for it</ButtonLink> : undefined}
    >
      So there are no records, conflicts, quarantine and receipts for it to see. An owner of the hub links it to a
      member, under Admins and sessions.
    </Empty>
  )
}
