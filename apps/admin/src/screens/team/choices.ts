/** Roles, teams and members as lists to choose from. */
import type { Team } from "../../api/team.ts"
import { plainUpTo } from "../../elements/plainText.ts"

interface Choice {
  readonly value: string
  readonly label: string
}

const choice = ({ id, name }: { readonly id: string; readonly name: string }): Choice => ({
  value: id,
  label: name === id ? id : `${plainUpTo(name, 60)} (${id})`
})

/** The most powerful last. */
export const rolesOf = ({ roles }: Team): Array<Choice> => roles.toSorted((a, b) => a.level - b.level).map(choice)
export const teamsOf = ({ teams }: Team): Array<Choice> => teams.map(choice)
export const membersOf = ({ members }: Team): Array<Choice> => members.map(choice)

/** From this level on a role manages the team. */
export const managingLevel = 80

export const levelWords = (level: number): string =>
  level >= 100 ? "owns the space" : level >= managingLevel ? "manages the team" : "no part in managing"

/** How many devices a member may have; nothing where no number is said. */
export const limitWords = (limit: number | null): string => (limit === null ? "any number" : String(limit))
