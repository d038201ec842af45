/** What follows on a sign-in: who it is becomes known, and one is led to where one was. */
import { useNavigate } from "@tanstack/react-router"
import { queries } from "../../queries.ts"
import { whoQuery, type Whoami } from "../../session/who.ts"

/** A path of these pages, and nothing that leads elsewhere. */
export const safeNext = (next: string | undefined): string =>
  next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith("/sign-in") ? next : "/"

export const useEntering = () => {
  const navigate = useNavigate()
  return async (who: Whoami, next: string | undefined): Promise<void> => {
    queries.clear()
    queries.setQueryData(whoQuery.queryKey, who)
    await navigate({ to: safeNext(next) })
  }
}
