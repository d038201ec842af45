/** The team: who is in it with which role, by which devices, and how others come in. What each may do with records is the policy's to say. */
import { Alert } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { teamQuery } from "../../api/team.ts"
import { Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { teamTabs } from "../../elements/tabLabels.ts"
import { UrlTabs } from "../../elements/UrlTabs.tsx"
import { CharterTab } from "./CharterTab.tsx"
import { DevicesTab } from "./DevicesTab.tsx"
import { InvitationsTab } from "./InvitationsTab.tsx"
import { MembersTab } from "./MembersTab.tsx"
import { RequestsTab } from "./RequestsTab.tsx"
import { RolesTab } from "./RolesTab.tsx"
import { TeamsTab } from "./TeamsTab.tsx"

const tabs = {
  members: MembersTab,
  devices: DevicesTab,
  roles: RolesTab,
  teams: TeamsTab,
  invitations: InvitationsTab,
  requests: RequestsTab,
  charter: CharterTab
}

export const TeamScreen = () => {
  return (
    <Page
      title="Team"
      description="Who is in the space, by which devices. Every change is a signed record of the charter, which all devices check by themselves."
    >
      <Loaded query={useQuery(teamQuery)}>
        {(team) => (
          <>
            {team.closed === null ? null : (
              <Alert color="red" variant="light" title="Nothing passes" role="alert">
                {team.closed}
              </Alert>
            )}
            <UrlTabs labels={teamTabs} tabs={tabs} given={{ team }} />
          </>
        )}
      </Loaded>
    </Page>
  )
}
