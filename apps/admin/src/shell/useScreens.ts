/** The screens of the list that whoever is signed in may see at this hub. */
import { useIsTeam, useWho } from "../session/who.ts"
import { type Listed, type Section, sections } from "./screenList.ts"

export const useScreens = (): ReadonlyArray<Section> => {
  const { scopes } = useWho()
  const isTeam = useIsTeam()
  const isShown = ({ isTeams, scope }: Listed): boolean =>
    (scope === undefined || scopes.includes(scope)) && (isTeams !== true || isTeam)
  return sections
    .map(({ name, screens }) => ({ name, screens: screens.filter(isShown) }))
    .filter(({ screens }) => screens.length > 0)
}
