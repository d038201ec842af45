/** The team: who is in it with which role, by which devices, and how others come in. What each may do with records is the policy's to say. */
import { Alert } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { teamQuery } from "../../api/team.ts"
import { Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { UrlTabs } from "../../elements/UrlTabs.tsx"
import { CharterTab } from "./CharterTab.tsx"
import { DevicesTab } from "./DevicesTab.tsx"
import { InvitationsTab } from "./InvitationsTab.tsx"
import { MembersTab } from "./MembersTab.tsx"
import { RequestsTab } from "./RequestsTab.tsx"
import { RolesTab } from "./RolesTab.tsx"
import { TeamsTab } from "./TeamsTab.tsx"

const tabs = [
  { value: "members", label: "Members", Tab: MembersTab },
  { value: "devices", label: "Devices", Tab: DevicesTab },
  { value: "roles", label: "Roles", Tab: RolesTab },
  { value: "teams", label: "Teams", Tab: TeamsTab },
  { value: "invitations", label: "Invitations", Tab: InvitationsTab },
  { value: "requests", label: "Requests to join", Tab: RequestsTab },
  { value: "charter", label: "Charter and sealing", Tab: CharterTab }
]

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
            <UrlTabs tabs={tabs} given={{ team }} />
          </>
        )}
      </Loaded>
    </Page>
  )
}
