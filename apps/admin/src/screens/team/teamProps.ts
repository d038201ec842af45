/** What each tab of the screen of the team is given. */
import type { Team } from "../../api/team.ts"

export interface TabProps {
  readonly team: Team
}
