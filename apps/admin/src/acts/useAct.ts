/** Doing something at the hub: it is asked, what became stale is asked for anew, and the person is told what came of it. */
import { notifications } from "@mantine/notifications"
import { useMutation } from "@tanstack/react-query"
import { useRef } from "react"
import type { Area } from "../api/areas.ts"
import { Refused } from "../api/ask.ts"
import { refusalWords } from "../elements/refusalWords.ts"
import { queries } from "../queries.ts"

export interface Act<In, Out> {
  readonly run: (input: In) => Promise<Out>
  /** What it changes. */
  readonly stale: ReadonlyArray<Area>
  /** What is said once it is done; nothing where what came says it itself. */
  readonly done?: string | ((out: Out, input: In) => string)
  readonly onDone?: (out: Out, input: In) => void
}

/** `mutate` does nothing while it is being done: a second click comes before anything shows that the first one did. */
export const useAct = <In = void, Out = unknown>({ done, onDone, run, stale }: Act<In, Out>) => {
  const isBusy = useRef(false)
  const act = useMutation<Out, Error, In>({
    mutationFn: run,
    onSuccess: async (out, input) => {
      const words = typeof done === "function" ? done(out, input) : done
      if (words !== undefined) notifications.show({ message: words, color: "teal", autoClose: 5_000 })
      await Promise.all(stale.map((area) => queries.invalidateQueries({ queryKey: [area] })))
      onDone?.(out, input)
    },
    // It stays until it was read.
    onError: (error) => {
      if (error instanceof Refused && error.code === "SignInAgain") return
      notifications.show({ title: "This was not done", message: refusalWords(error), color: "red", autoClose: false })
    },
    onSettled: () => void (isBusy.current = false)
  })
  const mutate = (input: In): void => {
    if (isBusy.current) return
    isBusy.current = true
    act.mutate(input)
  }
  return { isPending: act.isPending, mutate, mutateAsync: act.mutateAsync }
}
