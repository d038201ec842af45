/** `syncline doctor`: what the hub that runs on the folder finds when it looks at itself. What it looks at is the hub's business. */
import { AdminOperation } from "@syncline/core/admin"
import { Effect } from "effect"
import { because, HubUnwell } from "../CliError.ts"
import * as LocalDoor from "../LocalDoor.ts"
import { Output } from "../Output.ts"

const marks = { good: "ok  ", warning: "look", bad: "BAD " } as const

const lineOf = ({ advice, found, id, state }: AdminOperation.Check): string => {
  const what = `${marks[state]}  ${id}: ${found}`
  return advice === null ? what : `${what}\n      ${advice}`
}

/** Fails with `HubUnwell` where something is bad. */
export const examine = Effect.fnUntraced(function* ({ data }: { readonly data: string }) {
  const output = yield* Output
  const found = yield* LocalDoor.ask(data, { path: "doctor", answer: AdminOperation.Doctor })
  yield* output.result(found, found.checks.map(lineOf).join("\n"))
  const bad = found.checks.filter(({ state }) => state === "bad").map(({ id }) => id)
  if (bad.length > 0) return yield* because(new HubUnwell({ checks: bad.join(", ") }))
})

/** Prints what may be sent to whoever helps. */
export const diagnostics = Effect.fnUntraced(function* ({ data }: { readonly data: string }) {
  const output = yield* Output
  const collected = yield* LocalDoor.ask(data, { path: "diagnostics", answer: AdminOperation.Diagnostics })
  yield* output.result(collected, JSON.stringify(collected, undefined, 2))
})
