/** What follows on a sign-in: who it is becomes known, and one is led to where one was. */
import { useNavigate } from "@tanstack/react-router"
import { queries } from "../../queries.ts"
import { whoQuery, type Whoami } from "../../session/who.ts"

/** A path of these pages, and nothing that leads elsewhere. */
export const safeNext = (next: string | undefined): string =>
  next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith("/sign-in") ? next : "/"

/** In this tab alone: another service leads back to the beginning of the pages. */
const nextKey = "syncline-next"

export const rememberNext = (next: string | undefined): void => window.sessionStorage.setItem(nextKey, safeNext(next))

/** Where one was before another service was asked, once. */
export const takeNext = (): string => {
  const next = safeNext(window.sessionStorage.getItem(nextKey) ?? undefined)
  window.sessionStorage.removeItem(nextKey)
  return next
}

export const useEntering = () => {
  const navigate = useNavigate()
  return async (who: Whoami, next: string | undefined): Promise<void> => {
    queries.clear()
    takeNext()
    queries.setQueryData(whoQuery.queryKey, who)
    await navigate({ to: safeNext(next) })
  }
}
