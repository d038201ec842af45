/** The document that somebody works on: what is written in this page, else the draft that the hub keeps of this account, else what is in force. */
import { useQuery } from "@tanstack/react-query"
import { useEffect, useSyncExternalStore } from "react"
import { ask, Refused } from "../../api/ask.ts"
import { draftQuery, type InForce, inForceQuery, type KeptDraft } from "../../api/policy.ts"
import { queries } from "../../queries.ts"
import { useMay, useWho } from "../../session/who.ts"
import { DraftKeeper, type Keeping } from "./DraftKeeper.ts"

export interface Draft {
  readonly text: string
  readonly set: (text: string) => void
  /** It says something else than what is in force. */
  readonly isOther: boolean
  /** Another document was put in force since it was begun. */
  readonly isBehind: boolean
  readonly keeping: Keeping
  /** Tries again to keep it where that failed; in the place of another one where that was kept meanwhile. */
  readonly keepAgain: () => Promise<void>
  /** Goes on with the one that is on the hub. */
  readonly takeOther: () => Promise<void>
  readonly drop: () => Promise<void>
  readonly inForce: InForce
}

/** What every part of the screen is given. */
export interface DraftProps {
  readonly draft: Draft
}

export type Loading = { readonly draft: Draft } | { readonly error: Error | null; readonly retry: () => void }

const isNone = (error: unknown): boolean => error instanceof Refused && error.status === 404

const newKeeper = (): DraftKeeper =>
  new DraftKeeper({
    keep: async (text, basedOn, replaces) => {
      const body = { text, basedOn, ...(replaces === undefined ? {} : { replaces }) }
      const kept = await ask<KeptDraft>("PUT", "/policy/draft", { body })
      queries.setQueryData(draftQuery.queryKey, kept)
      return kept
    },
    drop: () =>
      ask("DELETE", "/policy/draft").catch((error: unknown) => {
        if (!isNone(error)) throw error
      }),
    isMoved: (error) => error instanceof Refused && error.code === "DraftMoved",
    later: (run, ms) => {
      const timer = setTimeout(run, ms)
      return () => clearTimeout(timer)
    }
  })

/** Of who is signed in: whoever comes after in the same page finds nothing of it. */
let current = { account: "", keeper: newKeeper() }
const keeperOf = (account: string): DraftKeeper => {
  if (current.account !== account) current = { account, keeper: newKeeper() }
  return current.keeper
}

export const useDraft = (): Loading => {
  const force = useQuery(inForceQuery)
  const kept = useQuery(draftQuery)
  const keeper = keeperOf(useWho().account?.id ?? "")
  const { keeping, text: own } = useSyncExternalStore(keeper.watch, keeper.own)
  const may = useMay("policy:write")
  useLeaveWarning(keeping !== "kept")
  if (force.data === undefined || kept.data === undefined) {
    return { error: force.error ?? kept.error, retry: () => void Promise.all([force.refetch(), kept.refetch()]) }
  }
  const [inForce, onHub] = [force.data, kept.data]
  const text = own ?? onHub?.text ?? inForce.text ?? ""
  const basedOn = keeper.basedOn() ?? onHub?.basedOn ?? undefined
  return {
    draft: {
      text,
      set: (next) => keeper.write(next, onHub, inForce.charterVersion, may),
      isOther: text !== (inForce.text ?? ""),
      isBehind: basedOn !== undefined && (inForce.version ?? 0) > basedOn,
      keeping,
      keepAgain: () => (keeping === "moved" ? keeper.keepMine() : keeper.again()),
      takeOther: async () => {
        await kept.refetch({ throwOnError: true })
        keeper.forget()
      },
      drop: async () => {
        await keeper.drop()
        queries.setQueryData(draftQuery.queryKey, null)
        await queries.invalidateQueries({ queryKey: ["policy"] })
      },
      inForce
    }
  }
}

/** What the hub has not yet is not left behind unasked. */
const useLeaveWarning = (isOn: boolean): void => {
  useEffect(() => {
    if (!isOn) return
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault()
    window.addEventListener("beforeunload", warn)
    return () => window.removeEventListener("beforeunload", warn)
  }, [isOn])
}
