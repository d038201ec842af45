/**
 * The document that somebody works on: what was kept, else what is in force. It is kept on the hub a moment after each change, for this account
 * alone; whoever may not put a policy in force works on it in this page only.
 */
import { useQuery } from "@tanstack/react-query"
import { useEffect, useRef, useState } from "react"
import { ask } from "../../api/ask.ts"
import { draftQuery, type InForce, inForceQuery } from "../../api/policy.ts"
import { queries } from "../../queries.ts"
import { useMay } from "../../session/who.ts"

/** After the last key, in milliseconds. */
const keepMs = 1_200

export interface Draft {
  readonly text: string
  readonly set: (text: string) => void
  /** It says something else than what is in force. */
  readonly isOther: boolean
  readonly keeping: "kept" | "keeping" | "failed"
  readonly drop: () => Promise<void>
  readonly inForce: InForce
}

/** What every part of the screen is given. */
export interface DraftProps {
  readonly draft: Draft
}

export type Loading = { readonly draft: Draft } | { readonly error: Error | null; readonly retry: () => void }

export const useDraft = (): Loading => {
  const force = useQuery(inForceQuery)
  const kept = useQuery(draftQuery)
  const [own, setOwn] = useState<string>()
  const [keeping, setKeeping] = useState<Draft["keeping"]>("kept")
  const may = useMay("policy:write")
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useLeaveWarning(keeping !== "kept")
  if (force.data === undefined || kept.data === undefined) {
    return { error: force.error ?? kept.error, retry: () => void Promise.all([force.refetch(), kept.refetch()]) }
  }
  const inForce = force.data
  const text = own ?? kept.data?.text ?? inForce.text ?? ""
  const keep = async (next: string): Promise<void> => {
    await ask("PUT", "/policy/draft", {
      body: { text: next, ...(inForce.version === null ? {} : { basedOn: inForce.charterVersion }) }
    }).then(
      () => setKeeping("kept"),
      () => setKeeping("failed")
    )
  }
  const set = (next: string): void => {
    setOwn(next)
    if (!may) return
    setKeeping("keeping")
    clearTimeout(timer.current)
    timer.current = setTimeout(() => void keep(next), keepMs)
  }
  const drop = async (): Promise<void> => {
    clearTimeout(timer.current)
    await ask("DELETE", "/policy/draft").catch(() => undefined)
    setOwn(undefined)
    setKeeping("kept")
    await queries.invalidateQueries({ queryKey: ["policy"] })
  }
  return { draft: { text, set, isOther: text !== (inForce.text ?? ""), keeping, drop, inForce } }
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
