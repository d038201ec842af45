/** The page's one import of records: asks the hub, keeps the page from being left unasked, and tells who shows it. */
import { useSyncExternalStore } from "react"
import { ask, part, Refused } from "../../api/ask.ts"
import { refusalWords } from "../../elements/refusalWords.ts"
import { queries } from "../../queries.ts"
import { useWho, whoQuery } from "../../session/who.ts"
import { type Import, ImportRun } from "./ImportRun.ts"
import { uuidOf } from "./uuid.ts"

const onLeave = (event: BeforeUnloadEvent): void => event.preventDefault()

const signedIn = (): string | undefined => {
  const who = queries.getQueryData(whoQuery.queryKey)
  return who === undefined || who === null ? undefined : (who.account?.id ?? "")
}

/** Nobody's records are written in the name of whoever signs in next. */
const notThere = (): Refused => new Refused(401, "SignInNeeded", "Whoever began this is not signed in any more.")

export const importing = new ImportRun({
  write: async ({ account, type }, items) => {
    if (signedIn() !== account) throw notThere()
    return ask("POST", `/entities/${part(type)}/batch`, { body: { items } })
  },
  wait: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      signal.addEventListener("abort", () => {
        clearTimeout(timer)
        resolve()
      })
    }),
  nowMs: Date.now,
  newId: () => uuidOf(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
  wordsOf: refusalWords,
  refusalOf: (error) => (error instanceof Refused ? error : undefined),
  onBusy: (isBusy) =>
    isBusy ? window.addEventListener("beforeunload", onLeave) : window.removeEventListener("beforeunload", onLeave),
  onEnd: () => {
    for (const area of ["records", "stats"]) void queries.invalidateQueries({ queryKey: [area] })
  }
})

/** Nothing of what another account began at this page. */
export const useImport = (): Import | undefined => {
  const { account } = useWho()
  const now = useSyncExternalStore(importing.subscribe, importing.now)
  return now?.account === (account?.id ?? "") ? now : undefined
}
